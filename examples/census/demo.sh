#!/usr/bin/env bash
# The demo: two surveys, a kill -9 in the middle of the second, and the proof that it changed
# nothing. Leaves nothing behind.
#
#   examples/census/demo.sh [BUILD_DIR]
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:-$project/build/release}" && pwd)
census=$build/examples/census
jobfile=examples/census/census.yaml
system_tree=/usr/include
cd "$project"

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' off=$'\e[0m'
else
  bold='' dim='' red='' green='' off=''
fi

work=$(mktemp -d)
victim=''
clean_up() {
  [ -z "$victim" ] || kill -9 "$victim" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

say() { printf '\n%s== %s%s\n' "$bold" "$*" "$off"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$off"; }
give_up() {
  printf '%sdemo: %s%s\n' "$red" "$*" "$off" >&2
  exit 1
}

# show_command WORD...: as one would type it.
show_command() { note "\$ ${*/#"$census"/census}"; }

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# field FILE NAME: a number at the top level of what a census printed.
field() { sed -n "s/^  \"$2\": \([0-9]*\),*$/\1/p" "$1"; }

# tasks_in STORE STATE: how many tasks of the one job in a store are in this state, or `total`.
tasks_in() {
  "$census" jobs --json --store "$1" 2>/dev/null |
    sed -n "s/^ *\"$2\": \([0-9]*\),*$/\1/p"
}

# survey ROOT NAME [OPTION...]: runs to the end; output and time in files by NAME.
survey() {
  local root=$1 name=$2 begin
  shift 2
  local command=("$census" run "$jobfile" -i "root=$root" -i "report=$work/$name.md"
    --store "$work/$name.store" --id demo "$@")
  show_command "${command[@]}"
  begin=$(now_ms)
  "${command[@]}" >"$work/$name.json" || give_up "the census of $root failed"
  echo $(($(now_ms) - begin)) >"$work/$name.ms"
}

print_figures() {
  local name=$1 ms files
  ms=$(cat "$work/$name.ms")
  files=$(field "$work/$name.json" files)
  [ "${files:-0}" -gt 0 ] || give_up "no files were found"
  printf '%s%s files in %s directories, %s bytes, %s lines: %s ms, %s durable tasks%s\n' "$green" \
    "$files" "$(field "$work/$name.json" directories)" "$(field "$work/$name.json" bytes)" \
    "$(field "$work/$name.json" lines)" "$ms" "$(tasks_in "$work/$name.store" total)" "$off"
}

# kill_in_the_middle SLOTS: starts the census again and kills it after a third of its tasks; fails
# if it was faster than we are.
kill_in_the_middle() {
  local done_before=0 third=$(($(tasks_in "$work/calm.store" total) / 3))
  local command=("$census" run "$jobfile" -i "root=$system_tree" -i "report=$work/killed.md"
    --store "$work/killed.store" --id demo)
  [ "$1" = all ] || command+=(--parallel "$1")
  rm -rf "$work/killed.store"
  show_command "${command[@]} &"
  "${command[@]}" >/dev/null &
  victim=$!
  while kill -0 "$victim" 2>/dev/null; do
    done_before=$(tasks_in "$work/killed.store" completed || true)
    [ "${done_before:-0}" -lt "$third" ] || break
  done
  # A process that has ended by itself is gone, or has a result already.
  kill -9 "$victim" 2>/dev/null || true
  local code=0
  wait "$victim" 2>/dev/null || code=$?
  victim=''
  [ "$code" -ne 0 ] || return 1
  [ "$code" -eq 137 ] || give_up "the census ended by itself with code $code"
  printf '%skilled with -9: %s of %s known tasks were completed%s\n' "$red" \
    "$(tasks_in "$work/killed.store" completed)" "$(tasks_in "$work/killed.store" total)" "$off"
}

[ -x "$census" ] || give_up "there is no $census: build it first (./dev build)"

say "A census of this project: a task for each folder, a task for each batch of its files"
survey "$project" own
print_figures own

say "A census of $system_tree, undisturbed"
survey "$system_tree" calm
print_figures calm
begin=$(now_ms)
find "$system_tree" -type f -print0 | xargs -0 wc -lc >/dev/null
note "find | xargs wc -lc takes $(($(now_ms) - begin)) ms, and remembers nothing"

say "The same again, and kill -9 in the middle"
killed=no
for slots in all 4 1; do
  if kill_in_the_middle "$slots"; then
    killed=yes
    break
  fi
  note "it was done before it could be killed; once more with fewer tasks at once"
done
[ $killed = yes ] || give_up "this machine is too fast to be caught in the middle"
[ ! -e "$work/killed.md" ] || give_up "there is a report although the job is not done"

say "What the store knows of it"
show_command "$census" show demo --store "$work/killed.store"
"$census" show demo --store "$work/killed.store" >"$work/show"
head -n 12 "$work/show" | cut -c -110
note "... $(($(wc -l <"$work/show") - 12)) more lines"

say "Started again with the same id, it goes on"
survey "$system_tree" killed
print_figures killed

say "The report"
cat "$work/killed.md"

say "Does the kill show?"
cmp "$work/calm.json" "$work/killed.json" || give_up "the outputs differ"
cmp "$work/calm.md" "$work/killed.md" || give_up "the reports differ"
printf '%sno: output and report are the same with and without it, byte for byte%s\n' \
  "$green" "$off"
