# Sourced by ./tidelock, ./test and .ci/run, with $root set: building, and what building and running need.

say() { printf 'tidelock: %s\n' "$*" >&2; }

# apt_install WHY PACKAGE…: says so and installs what is missing; where it may not, names the one command.
apt_install() {
    local why=$1 package missing=() as=()
    shift
    for package in "$@"; do
        [ "$(dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local command="apt-get install -y --no-install-recommends ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        as=(sudo)
        command="sudo $command"
    fi
    if ! command -v apt-get >/dev/null; then
        say "$why needs ${missing[*]} (Debian's names), which are not installed. Install them with this system's package manager."
        return 1
    fi
    if [ "$(id -u)" != 0 ] && ! { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }; then
        say "$why needs ${missing[*]}. Type: $command"
        return 1
    fi
    say "$why needs ${missing[*]}: $command"
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive bash -c '
        apt-get install -y -qq --no-install-recommends "$@" >/tmp/tidelock-apt.$$ 2>&1 ||
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >/tmp/tidelock-apt.$$ 2>&1 ||
            { tail -n 5 /tmp/tidelock-apt.$$ >&2; rm -f /tmp/tidelock-apt.$$; exit 1; }
        rm -f /tmp/tidelock-apt.$$' apt "${missing[@]}" </dev/null >&2 ||
        { say "That did not work. Type: $command"; return 1; }
}

need_dotnet() {
    local folder
    for folder in "$HOME/.dotnet" /usr/share/dotnet /usr/lib/dotnet /usr/local/share/dotnet; do
        command -v dotnet >/dev/null || { [ ! -x "$folder/dotnet" ] || export PATH="$folder:$PATH"; }
    done
    if command -v dotnet >/dev/null && (cd "$root" && dotnet --version >/dev/null 2>&1); then return 0; fi
    if apt-cache show dotnet-sdk-10.0 >/dev/null 2>&1 && apt_install "Building" dotnet-sdk-10.0; then return 0; fi
    say "Building needs the .NET SDK 10.0.4xx. Type: curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0"
    exit 2
}

need_postgres() { apt_install "This command" postgresql || exit 2; }

# Nothing stays behind after a build: no server, no waiting node.
build_quietly() {
    local log
    log=$(mktemp)
    if ! (cd "$root" && MSBUILDDISABLENODEREUSE=1 dotnet "$@" -v q --nologo -p:UseSharedCompilation=false) >"$log" 2>&1 </dev/null; then
        grep -E 'error|Error' "$log" | sort -u | head -n 30 >&2 || tail -n 30 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

build_launcher() {
    mkdir -p "$app"
    exec 9>"$root/src/Tidelock.Cli/bin/.lock"
    flock 9
    if stale; then
        [ -f "$stamp" ] && say "building (the sources have changed) …" || say "building (only the first time; about a minute) …"
        mkdir -p "$root"/src/{Tidelock,Tidelock.Web,Tidelock.Cli}/{bin,obj}
        touch "$app/.building"
        build_quietly build src/Tidelock.Cli -c Release || { say "the build failed"; exit 2; }
        mv "$app/.building" "$stamp"
    fi
    exec 9>&-
}

# publish_native FOLDER [PROJECT]: one native file, with its own obj folders, so that no other build is disturbed. Analyzers are
# for the other build; what the native compiler itself finds is an error here too.
publish_native() {
    apt_install "The native build" gcc libc6-dev libsqlite3-dev zlib1g-dev || return 1
    build_quietly publish "${2:-src/Tidelock.Cli}" -c Release -p:PublishAot=true -p:RunAnalyzers=false --artifacts-path "$root/artifacts/native" -o "$1"
}

install_native() {
    say "building the native program (about two minutes) …"
    publish_native "$root/artifacts/native/out" || { say "the native build failed"; exit 2; }
    mkdir -p "$1"
    install -m 755 "$root/artifacts/native/out/Tidelock.Cli" "$1/tidelock.new"
    mv "$1/tidelock.new" "$1/tidelock"
    say "installed $1/tidelock ($(du -h "$1/tidelock" | cut -f1))"
    case ":$PATH:" in *":$1:"*) ;; *) say "add it to your PATH: export PATH=\"$1:\$PATH\"" ;; esac
}
