// The scripts: they ask the program itself, so they know nothing of its commands.
#include "completion.hpp"

#include <string_view>

namespace dagger::apps {

namespace {

constexpr std::string_view bash = R"(# Completes @PROGRAM@ in bash.
_@FUNCTION@() {
  local words=() word i
  # bash takes words apart at '='; they belong together.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ ${#words[@]} -gt 0 && ($word == '=' || ${COMP_WORDS[i - 1]} == '=') ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done
  local typed=${words[${#words[@]} - 1]} answer kind
  answer=$("${COMP_WORDS[0]}" @COMPLETE@ "${words[@]}" 2>/dev/null) || return
  kind=${answer%%$'\n'*}
  COMPREPLY=()
  while IFS= read -r word; do
    word=${word%%$'\t'*}
    [[ $typed == --*=* ]] && word=${word#*=}
    [[ -n $word ]] && COMPREPLY+=("$word")
  done < <(printf '%s\n' "$answer" | tail -n +2)
  [[ $typed == --*=* ]] && typed=${typed#*=}
  case $kind in
    files) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$typed") ;;
    directories) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$typed") ;;
    *) return ;;
  esac
  compopt -o filenames 2>/dev/null
}
complete -F _@FUNCTION@ @PROGRAM@
)";

constexpr std::string_view zsh = R"(#compdef @PROGRAM@
# Completes @PROGRAM@ in zsh.
_@FUNCTION@() {
  local -a lines candidates
  local line tab=$'\t'
  lines=("${(@f)$("${words[1]}" @COMPLETE@ "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "${(@)lines[2,-1]}"; do
    [[ -n $line ]] || continue
    if [[ $line == *$tab* ]]; then
      candidates+=("${${line%%$tab*}//:/\\:}:${line#*$tab}")
    else
      candidates+=("${line//:/\\:}")
    fi
  done
  (( ${#candidates} )) && _describe -t words '@PROGRAM@' candidates
  [[ $PREFIX == --*=* ]] && compset -P '*='
  case ${lines[1]} in
    files) _files ;;
    directories) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _@FUNCTION@ ]]; then
  _@FUNCTION@ "$@"
else
  compdef _@FUNCTION@ @PROGRAM@
fi
)";

constexpr std::string_view fish = R"(# Completes @PROGRAM@ in fish.
function __@FUNCTION@_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] @COMPLETE@ $words[2..-1] 2>/dev/null)
    set -l typed (commandline -ct)
    set -l option (string match -r -- '^--[^=]*=' $typed)
    set -l value (string replace -r -- '^--[^=]*=' '' $typed)
    printf '%s\n' $lines[2..-1]
    switch "$lines[1]"
        case files
            __fish_complete_path $value | string replace -r -- '^' "$option"
        case directories
            __fish_complete_directories $value | string replace -r -- '^' "$option"
    end
end
complete -c @PROGRAM@ -f -a '(__@FUNCTION@_complete)'
)";

void replace_all(std::string& in, std::string_view from, std::string_view to) {
  for (auto at = in.find(from); at != in.npos; at = in.find(from, at + to.size()))
    in.replace(at, from.size(), to);
}

} // namespace

std::string completion_script(const std::string& shell, const std::string& program) {
  auto text = std::string{shell == "bash" ? bash : shell == "zsh" ? zsh : fish};
  auto function = program;
  for (auto& c : function)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
      c = '_';
  replace_all(text, "@PROGRAM@", program);
  replace_all(text, "@FUNCTION@", function);
  replace_all(text, "@COMPLETE@", completion_word);
  return text;
}

} // namespace dagger::apps
