# Sourced by the scripts beside it: stop at the first error, stand in the repository's root,
# and use the virtual environment `.venv` there unless another one is active.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ -z ${VIRTUAL_ENV:-} && -d .venv/bin ]]; then
    PATH="$PWD/.venv/bin:$PATH"
fi
