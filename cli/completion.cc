#include "cli/completion.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace tokenvault {
namespace {

std::string WordsOf(const CompletedCommand& command) {
  std::vector<std::string> words = command.commands;
  words.insert(words.end(), command.options.begin(), command.options.end());
  return absl::StrJoin(words, " ");
}

// A `case` over the command typed so far, for bash and zsh.
std::string Cases(const std::vector<CompletedCommand>& commands) {
  std::string text;
  for (const CompletedCommand& command : commands) {
    absl::StrAppend(&text, "    \"", command.path, "\") words=\"",
                    WordsOf(command), "\" ;;\n");
  }
  return text;
}

std::string FishQuoted(const std::string& text) {
  return absl::StrCat(
      "'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

}  // namespace

std::string BashCompletion(const std::vector<CompletedCommand>& commands) {
  return absl::StrCat(
      "# tokenvault completion for bash:\n"
      "#   source <(tokenvault completion bash)\n"
      "_tokenvault() {\n"
      "  local path=\"\" words=\"\" i\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"${COMP_WORDS[i]}\" in\n"
      "    -*) ;;\n"
      "    *) path=\"${path:+$path }${COMP_WORDS[i]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  case \"$path\" in\n",
      Cases(commands),
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}\n"
      "complete -o default -F _tokenvault tokenvault\n");
}

std::string ZshCompletion(const std::vector<CompletedCommand>& commands) {
  return absl::StrCat(
      "#compdef tokenvault\n"
      "# tokenvault completion for zsh:\n"
      "#   source <(tokenvault completion zsh)\n"
      "_tokenvault() {\n"
      "  local path_typed=\"\" words_typed=\"\" word\n"
      "  for word in \"${(@)words[2,$((CURRENT - 1))]}\"; do\n"
      "    [[ \"$word\" == -* ]] && continue\n"
      "    path_typed=\"${path_typed:+$path_typed }$word\"\n"
      "  done\n"
      "  case \"$path_typed\" in\n",
      absl::StrReplaceAll(Cases(commands), {{") words=", ") words_typed="}}),
      "  esac\n"
      "  if [[ -n \"$words_typed\" ]]; then\n"
      "    compadd -- ${=words_typed}\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}\n"
      "compdef _tokenvault tokenvault\n");
}

std::string FishCompletion(const std::vector<CompletedCommand>& commands) {
  std::string text =
      "# tokenvault completion for fish:\n"
      "#   tokenvault completion fish | source\n"
      "function __tokenvault_at\n"
      "  set -l typed\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    string match -q -- '-*' $word; or set -a typed $word\n"
      "  end\n"
      "  test \"$typed\" = \"$argv\"\n"
      "end\n";
  for (const CompletedCommand& command : commands) {
    const std::string condition =
        FishQuoted(absl::StrCat("__tokenvault_at ", command.path));
    for (const std::string& word : command.commands) {
      absl::StrAppend(&text, "complete -c tokenvault -f -n ", condition, " -a ",
                      word, "\n");
    }
    for (const std::string& option : command.options) {
      absl::StrAppend(&text, "complete -c tokenvault -n ", condition, " -l ",
                      option.substr(2), "\n");
    }
  }
  return text;
}

}  // namespace tokenvault
