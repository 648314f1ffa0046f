# Steps with a heading, a time and a log; sourced by tools/test, tools/demo and .ci/run.

# The Python of tools/setup.
PYTHON=.venv/bin/python
STEP_LOGS=.build/step-logs
mkdir -p "$STEP_LOGS"
STEPS_STARTED=$SECONDS

# step NAME COMMAND...: runs the command under a heading; the script ends when it fails.
step() {
    local name=$1 started=$SECONDS status
    shift
    printf '\n== %s\n' "$name"
    # In a shell of its own, outside `||`: else `set -e` would not hold inside the command, and a
    # function would go on after its first failure.
    set +e
    (set -e && "$@") 2>&1 | tee "$STEP_LOGS/${name//[^a-zA-Z0-9]/-}.log"
    status=${PIPESTATUS[0]}
    set -e
    if [ "$status" -ne 0 ]; then
        printf '== %s FAILED (status %d) after %d s\n' "$name" "$status" $((SECONDS - started)) >&2
        exit "$status"
    fi
    printf '== %s took %d s\n' "$name" $((SECONDS - started))
}

# Starts the list of closing lines anew.
forget_closing_lines() {
    rm -f "$STEP_LOGS"/*.log
}

# Repeats the closing line of every test runner of this run.
closing_lines() {
    printf '\n== closing lines, after %d s in all\n' $((SECONDS - STEPS_STARTED))
    grep -hE 'Test run with [0-9]+ tests?|^(=+ )?[0-9]+ passed' "$STEP_LOGS"/*.log
}

# No suite takes half of it: what hangs fails by its step's name, not by the gate's time.
TEST_SECONDS=1200

# swift_tests CONFIGURATION [ARGUMENT...]: tests that are built already, as they were built.
swift_tests() {
    local configuration=$1
    shift
    local testable=--enable-testable-imports
    if [ "$configuration" = release ]; then
        # As `swift build -c release` builds: else every target would be compiled again.
        testable=--disable-testable-imports
    fi
    timeout --kill-after=10 "$TEST_SECONDS" \
        swift test -c "$configuration" --skip-build "$testable" "$@"
}

# all_swift_tests CONFIGURATION: servers and clients after the rest, and one test at a time. Beside
# the tests that only compute, a connection of two cores waits for its turn for half a minute.
all_swift_tests() {
    swift_tests "$1" --skip PalateServerTests
    swift_tests "$1" --no-parallel --filter PalateServerTests
}

# The build of everything whose imports must follow Package.swift.
checked_build() {
    swift build --explicit-target-dependency-import-check error "$@"
}

format_lint() {
    swift format lint --strict --parallel --recursive Package.swift Sources Tests
    printf 'swift format: no problem\n'
}
