#!/usr/bin/env bash
# Asks for the way back and takes it: rollback.sh ENVIRONMENT [options of tidelock rollback]
set -euo pipefail
environment=$1
shift

cat >&2 <<'END'
  1  downgrade: 마이그레이션 다운그레이드 (권장)      take the migration back (recommended)
  2  backup:    DB 백업 복구 (긴급)                restore the database backup (emergency)
END
printf '선택 / choose [1/2]: ' >&2
read -r choice || choice=

case $choice in
    1) method=downgrade ;;
    2) method=backup ;;
    *)
        echo "1도 2도 아닙니다. 아무것도 바꾸지 않았습니다. / Neither 1 nor 2: nothing was changed." >&2
        exit 3
        ;;
esac
exec ./tidelock rollback --change examples/attempt-view-v1 --env "$environment" --method "$method" "$@"
