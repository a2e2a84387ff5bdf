#!/usr/bin/env bash
# Scans, or compares with a baseline, and leaves reports, a job summary and outputs.
# What comes from outside is in variables and is never part of a command line as text.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
out="${INPUT_OUTPUT:-auditor-reports}"
config="${AUDITOR_CONFIG:-auditor.yaml}"
if [[ -L "$out" ]]; then
    echo "::error title=auditor::The folder of reports is a link that the checkout brought."
    exit 2
fi
mkdir -p "$out" || exit 2
# A checkout may bring reports of its own making; none of them may be taken for one of this run.
rm -rf -- "$out"/auditor.{sarif,xml,json,md,txt} "$out"/{summary.md,annotations.txt}

more=()
while IFS= read -r line; do
    [[ -n "$line" ]] && more+=("$line")
done <<< "${INPUT_ARGUMENTS:-}"

if [[ "${INPUT_KEYS:-configured}" == throwaway ]]; then
    # Its interpreter has auditor; the script needs nothing else.
    python="$(head -n 1 "$(command -v auditor)" | sed 's/^#!//')"
    work="$(mktemp -d "${RUNNER_TEMP:-/tmp}/auditor-throwaway.XXXXXX")"
    config="$("$python" "$here/../ci/throwaway.py" "$config" "$work")" || exit $?
    echo "::notice title=auditor::Signed with keys made for this job alone: no baseline, no evidence."
fi

files=("--output" "sarif=$out/auditor.sarif" "--output" "junit=$out/auditor.xml"
    "--output" "json=$out/auditor.json" "--output" "markdown=$out/auditor.md")
if [[ -n "${INPUT_BASELINE:-}" ]]; then
    command=(gate "--baseline" "$INPUT_BASELINE")
    files+=("--output" "summary=$out/summary.md" "--output" "text=$out/auditor.txt"
        "--output" "github=$out/annotations.txt")
    while IFS= read -r line; do
        [[ -n "$line" ]] && command+=("--fail-on" "$line")
    done <<< "${INPUT_FAIL_ON:-}"
else
    command=(scan)
fi

# The runner takes commands out of whatever is printed, also out of names that were collected. Until
# this word, which nobody can know before, it takes none; auditor's own annotations come after it.
word="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
[[ ${#word} == 32 ]] || exit 2
echo "::stop-commands::$word"
auditor "${command[@]}" --config "$config" "${files[@]}" ${more[@]+"${more[@]}"} 2>&1
code=$?
printf '\n::%s::\n' "$word"
if [[ -s "$out/annotations.txt" ]]; then cat "$out/annotations.txt"; fi

named() { if [[ -s "$1" ]]; then echo "$1"; fi; }
{
    echo "exit-code=$code"
    echo "sarif=$(named "$out/auditor.sarif")"
    echo "comment=$(named "$out/auditor.md")"
} >> "${GITHUB_OUTPUT:-/dev/null}"
if [[ -n "${GITHUB_STEP_SUMMARY:-}" ]]; then
    if [[ -s "$out/summary.md" ]]; then
        cat "$out/summary.md" >> "$GITHUB_STEP_SUMMARY"
    elif [[ -s "$out/auditor.md" ]]; then
        cat "$out/auditor.md" >> "$GITHUB_STEP_SUMMARY"
    else
        echo "auditor ended with exit code $code before it could report." >> "$GITHUB_STEP_SUMMARY"
    fi
fi
case "$code" in
    0) ;;
    1) echo "::error title=auditor::Something fails, or got worse (exit code 1)." ;;
    3) echo "::error title=auditor::Evidence is incomplete: something could not be read (exit code 3)." ;;
    4) echo "::error title=auditor::Nothing was evaluated (exit code 4)." ;;
    5) echo "::error title=auditor::The integrity of evidence or baseline is broken (exit code 5)." ;;
    *) echo "::error title=auditor::auditor could not do its work (exit code $code)." ;;
esac
exit "$code"
