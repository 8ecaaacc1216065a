"""``python -m deploy.stack.model_server WEIGHTS PORT``: serve a GGUF file until a signal ends the process."""

import signal
import sys

import xllamacpp

from deploy.stack import ready
from deploy.stack.model import CONTEXT, MODEL_ID, SLEEP_AFTER, SLOTS


def parameters(weights: str, port: int) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {MODEL_ID}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.use_jinja = True
    params.ui = False
    # llama.cpp divides n_ctx between the slots.
    params.n_parallel = SLOTS
    params.n_ctx = CONTEXT * SLOTS
    # Memory: an eight-bit cache of keys and values, small batches, no cache of old prompts beside the slots.
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
    params.n_batch = params.n_ubatch = 128
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    # A streamed answer holds its thread, waiting for a slot included.
    params.n_threads_http = 16
    params.sleep_idle_seconds = SLEEP_AFTER
    params.verbosity = 1
    return params


def main() -> None:
    weights, port = sys.argv[1:]
    server = xllamacpp.Server(parameters(weights, int(port)))
    print(f"{MODEL_ID} answers on {server.listening_address}, {SLOTS} slots of {CONTEXT} tokens", flush=True)
    ready.announce()
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
