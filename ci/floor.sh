#!/usr/bin/env bash
# No crate under the facades changes what is inferred in a user's code; serde_json would, which shows
# that the check sees such a crate.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo check --manifest-path ci/floor/Cargo.toml --locked --quiet
if cargo check --manifest-path ci/floor/Cargo.toml --locked --quiet --features serde_json 2>/dev/null; then
    echo 'the check of the floor does not see serde_json: ci/floor/build.rs' >&2
    exit 1
fi
