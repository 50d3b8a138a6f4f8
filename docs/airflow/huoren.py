"""Two schedules: a refresh every night, a full run on Sundays; each promotes what passes the gates.

Put this file into Airflow's folder of DAGs. Airflow and Huoren need not share an environment: set
`HUOREN` to the `huoren` of the other one, `HUOREN_HOME` to the home, and `HUOREN_CONFIG` and
`HUOREN_GATES` to TOML files of settings and thresholds if they are not the usual ones. Every task
may be run again: a step whose inputs are unchanged is skipped, a bundle that is in service already
is promoted without effect. A gate that refuses fails the task `promote`; what was in service stays.
"""

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

HUOREN = os.environ.get("HUOREN", "huoren")
HOME = os.environ.get("HUOREN_HOME", "/var/lib/huoren")
CONFIG = os.environ.get("HUOREN_CONFIG", "")
GATES = os.environ.get("HUOREN_GATES", "")

SETTINGS = f"--config '{CONFIG}'" if CONFIG else ""
THRESHOLDS = f"--gates '{GATES}'" if GATES else ""
PROMOTE = f"promote challenger {THRESHOLDS} --why '{{{{ dag.dag_id }}}}'"


def task(name: str, words: str, hours: float = 1.0) -> BashOperator:
    """A command of Huoren as a task; its last line of JSON is what the next tasks can read."""
    return BashOperator(
        task_id=name,
        bash_command=f"'{HUOREN}' {words} --data '{HOME}'",
        retries=1,
        retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(hours=hours),
    )


def schedule(name: str, cron: str) -> DAG:
    """A DAG of which one run is at work at a time; days that were missed are not made up for."""
    return DAG(
        name,
        schedule=cron,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["huoren"],
    )


with schedule("huoren_nightly", "30 18 * * 1-6"):  # half past two in the morning in Shanghai
    chain(
        task("features", "features"),
        task("refresh", "train --refresh --json"),
        task("promote", PROMOTE),
    )

with schedule("huoren_weekly", "30 18 * * 0"):
    chain(
        task("features", "features"),
        task("sources", f"train {SETTINGS} --until 'candidate models' --json", hours=3),
        task("ranker", f"train {SETTINGS} --until 'feed ranker' --json", hours=3),
        task("train", f"train {SETTINGS} --json", hours=3),
        task("promote", PROMOTE),
    )
