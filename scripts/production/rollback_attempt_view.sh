#!/usr/bin/env bash
# Takes the attempt VIEW V1 back in production (DATABASE_URL). Options go on to: tidelock rollback --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec scripts/rollback.sh production "$@"
