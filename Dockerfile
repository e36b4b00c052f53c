# The platform's image: the same environments as ./cockpit makes, from the same hashed locks.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}

# A folder of its own: it belongs to the volume's owner when the volume is first mounted.
RUN useradd --system --home-dir /var/lib/cockpit --create-home --shell /usr/sbin/nologin cockpit

WORKDIR /opt/cockpit/app
ENV COCKPIT_ENVIRONMENTS=/opt/cockpit/env \
    COCKPIT_HOME=/var/lib/cockpit \
    PYTHONPATH=/opt/cockpit/app/src

# The locks alone first: a change of the code leaves this layer as it is.
COPY cockpit ./
COPY requirements requirements
COPY src/cockpit/stack/environments.py src/cockpit/stack/environments.py
COPY src/cockpit/locale/zh/environments.yml src/cockpit/locale/zh/environments.yml
RUN ["python3", "-I", "src/cockpit/stack/environments.py", "--make-only", "airflow", "superset"]

COPY . .
USER cockpit
VOLUME /var/lib/cockpit
ENTRYPOINT ["/opt/cockpit/env/airflow/bin/python"]
CMD ["-m", "cockpit.cli", "--help"]
