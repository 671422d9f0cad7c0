#!/usr/bin/env bash
# Takes the attempt VIEW V1 back in staging (STAGING_DATABASE_URL, else DATABASE_URL). Options go on to: tidelock rollback --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export STAGING_DATABASE_URL="${STAGING_DATABASE_URL:-${DATABASE_URL:-}}"
exec scripts/rollback.sh staging "$@"
