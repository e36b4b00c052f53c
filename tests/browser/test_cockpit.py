"""People log in and see a cockpit that is drawn, readable, in their language, and theirs alone."""

from __future__ import annotations

import re

import pytest

HOLDER = ".dashboard-component-chart-holder"
TILE = ".tile-map .tile"


def text_of(cockpit) -> str:
    return cockpit.page.locator("body").inner_text()


def assert_drawn(cockpit) -> None:
    page = cockpit.page
    holders = page.locator(HOLDER)
    assert cockpit.failures == []
    for number in range(holders.count()):
        box = holders.nth(number).locator("canvas, table, .tile-map, .header-line").first.bounding_box()
        assert box is not None, f"chart {number} is empty"
        assert min(box["width"], box["height"]) > 10, f"chart {number} is not drawn"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_executive_sees_every_region(lang, open_cockpit):
    cockpit = open_cockpit("chen.jing", lang=lang)
    assert_drawn(cockpit)
    assert cockpit.page.locator(TILE).count() > 3
    assert cockpit.page.locator("table tbody tr").count() > 3


@pytest.mark.parametrize(("person", "region"), [("zhao.min", "Shanghai"), ("sun.hao", "Guangdong")])
def test_a_manager_sees_one_region(person, region, open_cockpit):
    cockpit = open_cockpit(person)
    assert_drawn(cockpit)
    assert [text.split("\n")[0] for text in cockpit.page.locator(TILE).all_inner_texts()] == [region]
    assert cockpit.page.locator("table tbody tr").count() == 1


def test_a_person_without_scope_sees_no_figure(open_cockpit):
    cockpit = open_cockpit("wu.bin")
    assert cockpit.failures == []
    assert cockpit.page.locator(TILE).count() == 0
    assert cockpit.page.locator("table tbody tr").count() == 0
    assert cockpit.page.locator(f"{HOLDER} canvas").count() == 0
    figures = cockpit.page.locator(".header-line").all_inner_texts()
    assert [figure for figure in figures if re.search("[1-9]", figure)] == []


def test_the_chinese_cockpit_has_no_english(open_cockpit):
    text = text_of(open_cockpit("chen.jing", lang="zh"))
    assert "领导驾驶舱" in text
    assert re.findall(r"[A-Za-z]{2,}", text) == []


def test_red_means_act(open_cockpit):
    """A region is red on the map and in the ranking together, and as often as the figure above says."""
    page = open_cockpit("chen.jing").page
    red_tiles = page.locator(f"{TILE}.act .wide").all_inner_texts()
    red_rows = page.locator("table tbody tr").evaluate_all(
        "rows => rows.filter(row => getComputedStyle(row.cells[1]).color === 'rgb(200, 50, 43)')"
        ".map(row => row.cells[0].innerText)"
    )
    counted = page.locator(".header-line").last.inner_text()
    assert sorted(red_tiles) == sorted(red_rows)
    assert int(counted) == len(red_tiles)


def test_the_map_is_a_map(open_cockpit):
    """Tiles lie where their regions lie, and none covers another."""
    tiles = open_cockpit("chen.jing").page.locator(TILE).all()
    place = {tile.locator(".wide").inner_text(): tile.bounding_box() for tile in tiles}
    assert place["Heilongjiang"]["y"] < place["Beijing"]["y"] < place["Shanghai"]["y"] < place["Guangdong"]["y"]
    assert place["Sichuan"]["x"] < place["Hubei"]["x"] < place["Shanghai"]["x"]
    corners = {(round(box["x"]), round(box["y"])) for box in place.values()}
    assert len(corners) == len(place)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_phone_gets_one_column(lang, open_cockpit):
    cockpit = open_cockpit("chen.jing", lang=lang, phone=True)
    assert_drawn(cockpit)
    boxes = [holder.bounding_box() for holder in cockpit.page.locator(HOLDER).all()]
    assert all(box["width"] > 300 for box in boxes)
    assert len({round(box["x"]) for box in boxes}) == 1
    assert cockpit.page.evaluate("document.documentElement.scrollWidth") <= 390
