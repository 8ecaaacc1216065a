"""Which children `make run` has, in the order in which they start."""

import socket
import sys
from dataclasses import dataclass, field, replace

from deploy.stack import model, postgres, prepared, ready, valkey
from deploy.stack.failures import StackError
from deploy.stack.options import Options
from deploy.stack.process import Service

CPU_PROCESSES = 2
SANDBOX_PROCESSES = 2
RUN_THREADS = 256


@dataclass
class Plan:
    """The embedded parts to start, and the URLs under which the application finds them (given or embedded)."""

    stores: list[Service] = field(default_factory=list)
    models: list[Service] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)


def embedded(options: Options, wanted: frozenset[str]) -> Plan:
    """The parts of ``wanted`` (postgres, valkey, model) whose URL is not given."""
    plan = Plan()
    if "postgres" in wanted and "DATABASE_URL" not in options.given:
        data = options.var / "postgres"
        if data.exists() and any(data.iterdir()):
            postgres.check_data(data)
        else:
            postgres.create_data(data)
        service, plan.urls["DATABASE_URL"] = postgres.service(
            data=data, sockets=options.runtime / "postgres", log=options.log("postgres")
        )
        plan.stores.append(service)
    if "valkey" in wanted and "REDIS_URL" not in options.given:
        service, plan.urls["REDIS_URL"] = valkey.service(
            data=options.var / "valkey", configuration=options.runtime / "valkey.conf", log=options.log("valkey")
        )
        plan.stores.append(service)
    if "model" in wanted and "LOCAL_MODEL_URL" not in options.given:
        service, plan.urls["LOCAL_MODEL_URL"] = model.service(
            directory=options.root, marker=options.marker("model"), log=options.log("model")
        )
        plan.models.append(service)
    return plan


def listen(port: int) -> socket.socket:
    """Take the address first: a port in use is found early, and requests wait while a web process restarts."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise StackError(
            f"Port {port} cannot be used ({error.strerror}). Choose another: `PORT={port + 1} make run`."
        ) from None
    listener.listen(2048)
    return listener


def application(options: Options, environment: dict[str, str], listener: socket.socket | None) -> dict[str, Service]:
    """The project's own processes by name. The web server is chosen in ``web.py``, nowhere else."""

    def python(name: str, *arguments: str, **more: object) -> Service:
        service = Service(
            name=name,
            command=[sys.executable, "-m", *arguments],
            environment={**environment, **ready.environment(options.marker(name))},
            directory=options.root,
            log=options.log(name),
            before=ready.forget(options.marker(name)),
            ready=options.marker(name).exists,
            ready_within=60.0,
        )
        return replace(service, **more)  # type: ignore[arg-type]

    def worker(name: str, *arguments: str) -> Service:
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        celery = ("deploy.stack.celery_child", "-A", "config", "worker", "-n", f"{name}@%h")
        # Long enough to hand its runs over; another worker takes them.
        return python(f"worker-{name}", *celery, "-Q", name, *arguments, *quiet, stop_within=15.0)

    services = [
        worker("runs", "-P", "threads", "-c", str(RUN_THREADS)),
        worker("cpu", "-P", "prefork", "-c", str(CPU_PROCESSES)),
        worker("sandbox", "-P", "prefork", "-c", str(SANDBOX_PROCESSES)),
        python(
            "beat",
            "deploy.stack.celery_child",
            "-A",
            "config",
            "beat",
            "-S",
            "django_celery_beat.schedulers:DatabaseScheduler",
            "--pidfile=",
        ),
    ]
    if listener is not None:
        fd = listener.fileno()
        services[:0] = [
            python(name, "deploy.stack.web", str(fd), pass_fds=(fd,))
            for name in (
                ["web"]
                if options.env.WEB_PROCESSES == 1
                else [f"web-{n}" for n in range(1, options.env.WEB_PROCESSES + 1)]
            )
        ]
    return {service.name: service for service in services}


def prepare(options: Options, environment: dict[str, str]) -> Service:
    """Migrate, collect static files, seed the demo. What is to be said at the sign-in lands in ``prepared.welcome``."""
    return Service(
        name="prepare",
        command=[sys.executable, "-m", "deploy.stack.prepare", str(prepared.welcome(options.var))],
        environment=environment,
        directory=options.root,
        log=options.log("prepare"),
    )
