"""A session as a browser has it: logged in by the form, with the token against forged forms."""

from __future__ import annotations

import re

import requests


def browser(base_url: str, username: str, password: str) -> requests.Session:
    """Logged in by the form, as a browser is.

    It has the token against forged forms, which the interface gives to no viewer: without it a POST would be refused
    before anybody asks who may.
    """
    session = requests.Session()
    page = session.get(f"{base_url}/login/", timeout=60).text
    found = re.search(r"csrf_token[^>]{0,80}?value=\"([^\"]+)\"|csrf_token&#34;: &#34;([^&]+)&#34;", page)
    assert found, page[:2000]
    token = found[1] or found[2]
    form = {"username": username, "password": password, "csrf_token": token}
    session.post(f"{base_url}/login/", data=form, timeout=60)
    session.headers.update({"X-CSRFToken": token, "Referer": base_url})
    assert session.get(f"{base_url}/api/v1/me/", timeout=60).json()["result"]["username"] == username
    return session
