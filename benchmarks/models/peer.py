"""Run a dbt project again and again in one warm process; runs in the environment of dbt.

Arguments: the project's folder. For each line on standard input the project is run; the answer is one line of JSON with
the seconds of the run and of each model. The first line of the output says what is installed. No file beside it may
have a name that begins with dbt_: dbt takes such modules for its own extensions and imports them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version

os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
os.environ["DO_NOT_TRACK"] = "1"


def main(folder: str) -> None:
    """Parse once, then run whenever a line comes."""
    from dbt.cli.main import dbtRunner

    options = ["--project-dir", folder, "--profiles-dir", folder, "--quiet", "--no-use-colors"]
    parsed = dbtRunner().invoke(["parse", *options])
    if not parsed.success:
        raise SystemExit(str(parsed.exception))
    runner = dbtRunner(manifest=parsed.result)
    answer({"versions": f"dbt-core {version('dbt-core')}, dbt-postgres {version('dbt-postgres')}"})
    for _line in sys.stdin:
        started = time.perf_counter()
        done = runner.invoke(["run", *options])
        seconds = time.perf_counter() - started
        if not done.success:
            faults = [each.message for each in getattr(done.result, "results", ()) if each.status == "error"]
            raise SystemExit("\n".join(map(str, faults)) or str(done.exception))
        models = {each.node.name: each.execution_time for each in done.result.results}
        answer({"seconds": seconds, "models": models})


def answer(content: dict[str, object]) -> None:
    """One line that the other side waits for."""
    # dbt may write to standard output, too.
    print("answer " + json.dumps(content), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
