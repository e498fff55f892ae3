"""Processes, threads and connections: as many as fit, within the database's limit."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from devtools.deployment import LEARNER, LEARNER_PASSWORD
from devtools.kolibri_client import KolibriClient
from kolibri_azure_plugin.configuration.limits import Limits
from kolibri_azure_plugin.container.settings import ImageSettings
from kolibri_azure_plugin.container.sizing import JOB_CONNECTIONS, JOB_THREADS, sizes
from kolibri_azure_plugin.errors import SettingsError

GIGABYTE = 2**30

#: CPUs and memory of the plans in the templates.
#: https://azure.microsoft.com/pricing/details/app-service/linux/
PLANS = {
    "B1": Limits(1, int(1.75 * GIGABYTE)),
    "B2": Limits(2, int(3.5 * GIGABYTE)),
    "P1v3": Limits(2, 8 * GIGABYTE),
    "P2v3": Limits(4, 16 * GIGABYTE),
}


def find(limits=PLANS["B2"], instances=1, **settings):
    return sizes(limits, ImageSettings(**settings), instances)


def test_connections_are_kept_for_as_many_jobs_as_kolibri_runs_at_once():
    from kolibri.utils.options import base_option_spec

    tasks = base_option_spec["Tasks"]
    at_once = (tasks["REGULAR_PRIORITY_WORKERS"], tasks["HIGH_PRIORITY_WORKERS"])
    assert sum(option["default"] for option in at_once) == JOB_THREADS


def test_two_cpus_get_two_processes_with_threads():
    found = find()
    assert (found.processes, found.nginx_workers, found.zipcontent_processes) == (2, 2, 1)
    assert found.threads == 15


def test_each_cpu_checks_four_passwords_per_second():
    assert [find(plan).password_checks for plan in PLANS.values()] == [4, 8, 8, 16]


def test_a_single_cpu_gets_two_processes_so_that_one_can_be_replaced():
    assert find(Limits(0.5, 2 * GIGABYTE)).processes == 2
    assert find(PLANS["B1"]).processes == 2


def test_little_memory_gets_fewer_processes_than_there_are_cpus():
    assert find(Limits(8, GIGABYTE)).processes == 3
    assert find(Limits(8, GIGABYTE // 4)).processes == 1


def test_few_connections_get_fewer_processes_rather_than_none():
    found = find(Limits(8, 16 * GIGABYTE), max_connections=25)
    assert found.processes >= 1
    assert found.threads >= 1
    assert JOB_CONNECTIONS + found.connections <= 25


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_sizes_of_the_templates_leave_no_instance_without_connections(size, repository):
    template = json.loads((repository / "arm/prod_deployment_template.json").read_text())
    chosen = template["variables"]["sizes"][size]
    instances = chosen["maximumInstances"] * (2 if chosen["stagingSlot"] else 1)
    found = find(PLANS[chosen["planSku"]], instances, max_connections=chosen["databaseConnections"])
    assert found.processes == PLANS[chosen["planSku"]].cpus
    # Enough that some can wait for the database while others compute.
    assert found.threads >= 4
    assert JOB_CONNECTIONS + instances * found.connections <= chosen["databaseConnections"]


def test_all_instances_together_never_want_more_connections_than_there_may_be():
    machines = list(
        itertools.product(
            (0.5, 1, 2, 4, 16), (0.5, 1.75, 8, 64), (10, 20, 50, 80, 400, 1200), (1, 2, 8, 20, 60)
        )
    )
    refused = 0
    for cpus, memory, most, instances in machines:
        try:
            found = find(Limits(cpus, int(memory * GIGABYTE)), instances, max_connections=most)
        except SettingsError:
            refused += 1
            continue
        assert JOB_CONNECTIONS + instances * found.connections <= most
    assert 0 < refused < len(machines)


def test_connections_that_do_not_suffice_are_refused_with_the_number_that_would():
    with pytest.raises(SettingsError) as refused:
        find(instances=10, max_connections=50)
    assert refused.value.code == "container-connections"
    needed = int(refused.value.expected.split()[0])

    assert find(instances=10, max_connections=needed).processes == 1
    with pytest.raises(SettingsError):
        find(instances=10, max_connections=needed - 1)


@pytest.mark.parametrize(
    ("setting", "value", "size"),
    [
        ("processes", 3, "processes"),
        ("zipcontent_processes", 5, "zipcontent_processes"),
        ("zipcontent_threads", 5, "zipcontent_threads"),
        ("nginx_workers", 7, "nginx_workers"),
        ("nginx_connections", 7, "nginx_connections"),
        ("threads", 6, "all_threads"),
        ("cpus", 4, "processes"),
    ],
)
def test_a_setting_overrides_the_default_size(setting, value, size):
    assert getattr(find(), size) != value
    assert getattr(find(**{setting: value}), size) == value


def test_a_setting_does_not_override_the_databases_limit():
    assert find(threads=500).threads == find().threads


@pytest.mark.slow
def test_a_flood_of_requests_opens_no_more_connections_than_may_be(start, provisioned, postgres):
    most = 34
    web = start(KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS=str(most))
    web.wait_until_ready()
    client = KolibriClient(web.url)
    client.sign_in(LEARNER, LEARNER_PASSWORD)
    cookies = client.session.cookies.get_dict()

    def ask(_number):
        return requests.get(
            f"{web.url}/api/auth/facility/", cookies=cookies, timeout=60
        ).status_code

    counted = []
    with ThreadPoolExecutor(64) as visitors:
        answers = visitors.map(ask, range(600))
        statuses = set()
        for number, status in enumerate(answers):
            statuses.add(status)
            if number % 50 == 0:
                counted.append(len(postgres.connections(provisioned.database)))

    assert statuses == {200}
    assert max(counted) <= most


def test_at_rest_all_processes_together_use_less_than_500_mb(web):
    web.wait_until(lambda: "runs the background workers now" in web.output, "the workers", 60)
    assert 100 < web.memory() / 2**20 < 500


@pytest.mark.parametrize(
    ("plan", "most", "instances"),
    [("B1", 80, 1), ("B2", 120, 1), ("P1v3", 400, 8), ("P2v3", 1200, 20)],
)
def test_the_table_on_the_page_is_right(plan, most, instances, repository):
    found = find(PLANS[plan], instances, max_connections=most)
    connections = JOB_CONNECTIONS + instances * found.connections
    row = f"| {most}, {instances} | {found.processes} | {found.threads} | {connections} |"
    assert row in (repository / "docs" / "container.md").read_text(encoding="utf-8")
