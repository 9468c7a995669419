#!/usr/bin/env bash
# Grade every notebook in a folder for one student: grade_handin.sh FOLDER OUT. The summary goes to the job's page.
set -euo pipefail
FOLDER=$1
OUT=$2
STUDENT=${STUDENT:-student}
SUMMARY=${GITHUB_STEP_SUMMARY:-/dev/stdout}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

shopt -s nullglob
graded=0
for notebook in "$FOLDER"/[0-9][0-9]_*.ipynb; do
    number=$(basename "$notebook" | cut -c1-2)
    mkdir -p "$WORK/$number/$STUDENT"
    cp -P "$notebook" "$WORK/$number/$STUDENT/"
    # A runner is thrown away after the job and holds nothing but this student's own files.
    course grade "$WORK/$number" --exercise "$number" --out "$OUT/$number" --trust-submissions
    for text in "$OUT/$number"/feedback/*.txt; do
        { echo '```text'; sed 's/```/` ` `/g' "$text"; echo '```'; } >> "$SUMMARY"
    done
    graded=$((graded + 1))
done
echo "$graded notebooks graded"
[ "$graded" -gt 0 ] || { echo "There is no notebook in handin/: copy yours from work/exercises/ to there." >&2; exit 1; }
