#include "extensions/servers/llama/worker/chat.hpp"

#include <algorithm>

namespace openclaw::llama_worker {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

// The tokenizer takes Gemma's turn marks for marks even in ordinary text, so a
// message that holds one gets a space into it.
std::string without_marks(std::string_view content) {
  std::string text(trimmed(content));
  for (std::string_view mark : {"<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>"}) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 2)) {
      text.insert(at + 1, " ");
    }
  }
  return text;
}

bool begins_a_line(std::string_view text, std::size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t'))
    --at;
  const auto before = text.substr(0, at);
  return before.empty() || std::string_view("\n\r\v\f").contains(before.back()) || before.ends_with("\xC2\x85") ||
         before.ends_with("\xE2\x80\xA8") || before.ends_with("\xE2\x80\xA9");
}

bool is_at(std::string_view text, std::size_t at, std::string_view lower_word) {
  return std::ranges::equal(text.substr(at, lower_word.size()), lower_word,
                            [](char c, char lower) { return (c >= 'A' && c <= 'Z' ? c + 32 : c) == lower; });
}

// In a plain dialogue the speaker's name at the start of a line is the mark of a turn. A message that holds one gets a
// dash for its colon, so that it cannot speak for anyone else.
std::string without_speakers(std::string text) {
  for (const std::string_view speaker : {"user", "assistant"}) {
    for (std::size_t at = 0; at + speaker.size() < text.size(); ++at) {
      if (!is_at(text, at, speaker) || !begins_a_line(text, at)) continue;
      const auto colon = text.find_first_not_of(" \t", at + speaker.size());
      if (colon != std::string::npos && text[colon] == ':') text.replace(colon, 1, " -");
    }
  }
  return text;
}

struct Turns {
  std::string system;
  std::vector<ChatMessage> list;
};

// Neither format knows two turns of one speaker in a row, nor a system
// message in the middle.
Turns merge_turns(const std::vector<ChatMessage>& messages) {
  Turns turns;
  for (const auto& message : messages) {
    const auto content = without_marks(message.content);
    if (content.empty()) continue;
    if (message.role == "system") {
      if (!turns.system.empty()) turns.system += "\n\n";
      turns.system += content;
    } else if (!turns.list.empty() && turns.list.back().role == message.role) {
      turns.list.back().content += "\n\n" + content;
    } else {
      turns.list.push_back({message.role, content});
    }
  }
  return turns;
}

// llama_chat_apply_template() gives one string and so cannot keep marks and
// content apart; this writes the same text as its "gemma" template.
Prompt render_gemma(Turns turns) {
  Prompt prompt;
  if (!turns.system.empty()) {
    if (turns.list.empty() || turns.list.front().role != "user") {
      turns.list.insert(turns.list.begin(), {"user", turns.system});
    } else {
      turns.list.front().content = turns.system + "\n\n" + turns.list.front().content;
    }
  }
  for (const auto& turn : turns.list) {
    const bool is_model = turn.role == "assistant";
    prompt.pieces.push_back({is_model ? "<start_of_turn>model\n" : "<start_of_turn>user\n", true});
    prompt.pieces.push_back({turn.content});
    prompt.pieces.push_back({"<end_of_turn>\n", true});
  }
  prompt.pieces.push_back({"<start_of_turn>model\n", true});
  prompt.stop = {"<end_of_turn>", "<start_of_turn>"};
  return prompt;
}

Prompt render_dialogue(const Turns& turns) {
  std::string text;
  if (!turns.system.empty()) text += without_speakers(turns.system) + "\n\n";
  for (const auto& turn : turns.list) {
    text += (turn.role == "assistant" ? "Assistant: " : "User: ") + without_speakers(turn.content) + "\n\n";
  }
  text += "Assistant:";
  return {{{text}}, {"\n\nUser:", "\n\nAssistant:", "\nUser:", "\nAssistant:"}};
}

} // namespace

Prompt render_prompt(const std::vector<ChatMessage>& messages, PromptFormat format) {
  auto turns = merge_turns(messages);
  return format == PromptFormat::gemma ? render_gemma(std::move(turns)) : render_dialogue(turns);
}

} // namespace openclaw::llama_worker
