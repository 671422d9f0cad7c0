#!/usr/bin/env bash
# Deploys the attempt VIEW V1 to production (DATABASE_URL). Options go on to: tidelock deploy --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec ./tidelock deploy examples/attempt-view-v1 --env production "$@"
