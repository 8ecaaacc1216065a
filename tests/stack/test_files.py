"""The files that describe a deployment agree with the code (`make check` adds `docker compose config` where it is)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from config.env import BASE_DIR, Env
from deploy.stack.options import Options
from deploy.stack.services import application

# Images of others bring no health check; ours has one (the web server's), which a worker replaces.
STORES = {"postgres", "valkey", "clamd", "caddy"}
OURS = {"web", "websocket", "worker-runs", "worker-cpu", "worker-sandbox", "beat"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
    return loaded


def test_every_setting_is_documented_and_no_other() -> None:
    text = (BASE_DIR / ".env.example").read_text()
    documented = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert set(documented) == set(Env.model_fields)


def test_documented_defaults_are_the_defaults() -> None:
    text = (BASE_DIR / ".env.example").read_text()
    documented = dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.+)$", text, re.MULTILINE))
    for name in ("PORT", "WEB_PROCESSES", "DATABASE_POOL_SIZE", "EMAIL_URL", "THROTTLE_API", "THROTTLE_LOGIN"):
        assert documented[name] == str(Env.model_fields[name].default)


def test_compose_has_every_part_with_restart_and_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == OURS | STORES | {"migrate"}
    for name in OURS | STORES:
        assert services[name]["restart"] == "unless-stopped", name
    for name in STORES | {"worker-runs", "worker-cpu", "worker-sandbox", "beat"}:
        assert services[name]["healthcheck"]["test"], name
    assert "HEALTHCHECK" in (BASE_DIR / "Dockerfile").read_text()


def test_compose_consumes_the_queues_of_make_run(compose: dict[str, Any]) -> None:
    def queues(commands: list[list[str]]) -> set[str]:
        return {command[command.index("-Q") + 1] for command in commands if "-Q" in command}

    local = queues([service.command for service in application(Options.read(), {}, None).values()])
    assert local == {"runs", "cpu", "sandbox"}
    composed = queues([service["command"] for service in compose["services"].values() if "command" in service])
    assert composed == local


def test_files_are_scanned_by_a_clamd_that_takes_the_largest_of_them(compose: dict[str, Any]) -> None:
    service = compose["services"]["clamd"]
    configuration = dict(
        line.split(maxsplit=1)
        for line in (BASE_DIR / "deploy/container/clamd.conf").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert "./deploy/container/clamd.conf:/etc/clamav/clamd.conf:ro" in service["volumes"]
    assert f"nc 127.0.0.1 {configuration['TCPSocket']}" in service["healthcheck"]["test"][1]
    for limit in ("StreamMaxLength", "MaxFileSize"):
        assert int(configuration[limit].removesuffix("M")) * 2**20 >= settings.FILE_MAX_BYTES, limit
    for name in OURS:
        url = compose["services"][name]["environment"]["CLAMD_URL"]
        assert url == f"${{CLAMD_URL-tcp://clamd:{configuration['TCPSocket']}}}", name


def test_our_containers_have_no_rights_to_spare(compose: dict[str, Any]) -> None:
    for name in OURS | {"migrate"}:
        service = compose["services"][name]
        assert "privileged" not in service
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
    stages = (BASE_DIR / "Dockerfile").read_text().split("\nFROM ")
    users = [found[-1] for stage in stages if (found := re.findall(r"^USER (\S+)$", stage, re.MULTILINE))]
    assert users == ["troupe", "troupe"], "the application's and the sandbox's"


def test_the_application_waits_for_migrations(compose: dict[str, Any]) -> None:
    for name in OURS:
        assert compose["services"][name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_mounted_files_exist_and_secrets_have_no_default(compose: dict[str, Any]) -> None:
    text = (BASE_DIR / "docker-compose.yml").read_text()
    for name in re.findall(r"\./(deploy/[^\s:\"]+)", text):
        assert (BASE_DIR / name).is_file(), name
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY", "POSTGRES_PASSWORD"):
        assert all(rest.startswith(":?") for rest in re.findall(rf"\${{{name}(.*?)}}", text)), name


def test_the_sandbox_profile_denies_the_kernel_and_leaves_user_namespaces(compose: dict[str, Any]) -> None:
    path = Path(BASE_DIR / "deploy/container/sandbox-seccomp.json")
    (rule,) = json.loads(path.read_text())["syscalls"]
    assert rule["action"] == "SCMP_ACT_ERRNO"
    assert {"bpf", "kexec_load", "keyctl", "ptrace", "init_module"} <= set(rule["names"])
    assert not {"clone", "unshare", "mount", "pivot_root"} & set(rule["names"])
    assert f"seccomp=./{path.relative_to(BASE_DIR)}" in compose["services"]["worker-sandbox"]["security_opt"]
