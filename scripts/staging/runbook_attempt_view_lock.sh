#!/usr/bin/env bash
# Deploys the attempt VIEW V1 to staging (STAGING_DATABASE_URL, else DATABASE_URL). Options go on to: tidelock deploy --help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export STAGING_DATABASE_URL="${STAGING_DATABASE_URL:-${DATABASE_URL:-}}"
exec ./tidelock deploy examples/attempt-view-v1 --env staging "$@"
