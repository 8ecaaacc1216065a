"""``python -m deploy.stack run [--only postgres,valkey,model]`` and ``python -m deploy.stack clean``."""

import argparse
import sys

from deploy.stack.clean import clean
from deploy.stack.failures import StackError
from deploy.stack.run import explain, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.stack", description="Run Troupe on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("run", help="start everything and stay until Ctrl-C")
    start.add_argument("--only", default="", help="comma-separated services, for example postgres,valkey,model")
    commands.add_parser("clean", help="remove the embedded data")
    arguments = parser.parse_args()
    try:
        if arguments.command == "clean":
            return clean()
        return run(frozenset(filter(None, arguments.only.split(","))))
    except StackError as error:
        explain(error, error.log)
    except OSError as error:
        explain(StackError(f"{error.strerror} ({error.filename})."), [])
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
