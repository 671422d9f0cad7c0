#!/usr/bin/env bash
# rds.sh take | status: tells Tidelock of a snapshot of the RDS instance that has the address $PGHOST.
# Needs aws (version 2) and jq. What is printed is described in docs/gates/backup-command.md.
set -euo pipefail

fail() {
    echo "rds.sh: $*" >&2
    exit 1
}

rds() { aws rds "$@" --output json; }

instance=$(rds describe-db-instances | jq --arg host "$PGHOST" 'first(.DBInstances[] | select(.Endpoint.Address == $host))')
[ -n "$instance" ] || fail "no instance of this account and region has the address $PGHOST"
name=$(jq -r .DBInstanceIdentifier <<<"$instance")
resource=$(jq -r .DbiResourceId <<<"$instance")

case ${1:-} in
take)
    # One snapshot a run, however often this is asked for it.
    id=tidelock-${TIDELOCK_RUN,,}
    snapshot=$(rds describe-db-snapshots --db-snapshot-identifier "$id" 2>/dev/null | jq '.DBSnapshots[0]') ||
        snapshot=$(rds create-db-snapshot --db-instance-identifier "$name" --db-snapshot-identifier "$id" | jq .DBSnapshot)
    ;;
status)
    if [ -n "${TIDELOCK_BACKUP_ID:-}" ]; then
        snapshot=$(rds describe-db-snapshots --db-snapshot-identifier "$TIDELOCK_BACKUP_ID" | jq '.DBSnapshots[0]')
    else
        snapshot=$(rds describe-db-snapshots --db-instance-identifier "$name" |
            jq --arg resource "$resource" '[.DBSnapshots[] | select(.Status == "available" and .DbiResourceId == $resource)]
                | max_by(.OriginalSnapshotCreateTime // .SnapshotCreateTime)')
    fi
    ;;
*) fail "take or status, not '${1:-}'" ;;
esac
[ -n "$snapshot" ] && [ "$snapshot" != null ] || fail "$name has no snapshot that is available"

# An instance that was deleted may have had the same name, and its snapshots still have it.
[ "$(jq -r .DbiResourceId <<<"$snapshot")" = "$resource" ] || fail "the snapshot is of another instance than $name ($resource)"

# A copy of a snapshot is as old as what it was copied from. While it is being created, a snapshot may have no time yet.
jq -n --argjson of "$snapshot" --argjson at "$instance" '{
    id: $of.DBSnapshotIdentifier,
    status: $of.Status,
    createdAt: ($of.OriginalSnapshotCreateTime // $of.SnapshotCreateTime // (if $of.Status == "creating" then now | todate else null end)),
    database: $of.DBInstanceIdentifier,
    host: $at.Endpoint.Address,
    encrypted: $of.Encrypted,
    restorableUntil: $at.LatestRestorableTime
}'
