#include "agent/context.hpp"

#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>
#include <iterator>
#include <optional>
#include <set>
#include <unordered_map>

namespace openclaw::agent {
namespace {

using ports::Block;
using ports::ImageBlock;
using ports::Message;
using ports::Role;
using ports::StopReason;
using ports::TextBlock;
using ports::ThinkingBlock;
using ports::ToolCallBlock;

constexpr std::string_view kNoOutput = "(no output)";

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

bool letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool readable_image(const ImageBlock& image) {
  constexpr std::string_view types[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};
  return std::ranges::find(types, image.mime_type) != std::end(types) && !image.base64.empty() &&
         image.base64.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
             std::string::npos;
}

std::string usable_name(std::string_view name) {
  std::string out(name.substr(0, 64));
  for (auto& c : out)
    if (!letter_or_digit(c) && c != '_' && c != '-') c = '_';
  return out.empty() ? "unknown" : out;
}

std::string object_or_empty(const std::string& arguments) {
  const auto parsed = parse_json(arguments, "arguments");
  return parsed && parsed->is_object() ? arguments : "{}";
}

// Mostly it is, and nothing is copied.
std::string valid(std::string text) {
  return valid_utf8(text) ? std::move(text) : to_valid_utf8(text);
}

// Text and images, as a user's message or a tool's result may carry them; taken out of it.
std::vector<Block> readable_content(Message& message) {
  std::vector<Block> out;
  for (auto& block : message.content) {
    if (auto* text = std::get_if<TextBlock>(&block)) {
      if (!blank(text->text)) out.emplace_back(TextBlock{valid(std::move(text->text))});
    } else if (const auto* image = std::get_if<ImageBlock>(&block)) {
      if (readable_image(*image))
        out.push_back(std::move(block));
      else
        out.emplace_back(TextBlock{
            fmt::format("(An image was left out: models do not read \"{}\".)", printable(image->mime_type, 40))});
    }
  }
  return out;
}

// Which result answers which call: by position of the assistant message and of the block in it.
class Answers {
public:
  explicit Answers(const std::vector<Message>& transcript) {
    std::unordered_map<std::string, std::vector<Asked>> open; // by id; the last message stands last
    for (std::size_t at = 0; at < transcript.size(); ++at) {
      const auto& message = transcript[at];
      if (message.role == Role::assistant && message.stop_reason != StopReason::injected) {
        for (std::size_t block = 0; block < message.content.size(); ++block)
          if (const auto* call = std::get_if<ToolCallBlock>(&message.content[block]))
            open[call->id].push_back({at, block});
      } else if (message.role == Role::tool_result) {
        const auto found = open.find(message.tool_call_id);
        if (found == open.end() || found->second.empty()) continue;
        // The first unanswered call of the nearest message: parallel calls that share an id are answered in their
        // order.
        auto& asked = found->second;
        const auto first = std::ranges::find(asked, asked.back().message, &Asked::message);
        results_[key(first->message, first->block)] = at;
        asked.erase(first);
      }
    }
  }
  std::optional<std::size_t> of(std::size_t message, std::size_t block) const {
    const auto found = results_.find(key(message, block));
    return found == results_.end() ? std::nullopt : std::optional(found->second);
  }

private:
  struct Asked {
    std::size_t message;
    std::size_t block;
  };
  static std::uint64_t key(std::size_t message, std::size_t block) {
    return (static_cast<std::uint64_t>(message) << 32) | static_cast<std::uint64_t>(block);
  }
  std::unordered_map<std::uint64_t, std::size_t> results_;
};

class Ids {
public:
  explicit Ids(std::size_t limit) : limit_(std::max<std::size_t>(limit, 8)) {}

  std::string next(const std::string& original) {
    const auto seen = seen_[original]++;
    if (seen == 0 && legal(original) && used_.insert(original).second) return original;
    for (int attempt = 0;; ++attempt) {
      // 'c' in front keeps servers content that take an all-digit id for a number.
      auto id = "c" + sha256_hex(fmt::format("{}\n{}\n{}", original, seen, attempt));
      id.resize(exact() ? limit_ : std::min<std::size_t>(limit_, 24));
      if (used_.insert(id).second) return id;
    }
  }

private:
  bool exact() const { return limit_ < 16; }
  bool legal(std::string_view id) const {
    if (id.empty() || id.size() > limit_ || (exact() && id.size() != limit_)) return false;
    return std::ranges::all_of(id, [&](char c) { return letter_or_digit(c) || (!exact() && (c == '_' || c == '-')); });
  }
  std::size_t limit_;
  std::unordered_map<std::string, int> seen_;
  std::set<std::string, std::less<>> used_;
};

bool has_calls(const Message& message) {
  return std::ranges::any_of(message.content,
                             [](const Block& block) { return std::holds_alternative<ToolCallBlock>(block); });
}

// Vendors refuse thinking as the last block, and a message of nothing else.
void settle_blocks(Message& message) {
  auto& content = message.content;
  const auto is_call = [](const Block& block) { return std::holds_alternative<ToolCallBlock>(block); };
  std::vector<Block> calls;
  const auto first_call = std::ranges::find_if(content, is_call);
  if (std::any_of(first_call, content.end(),
                  [](const Block& block) { return std::holds_alternative<TextBlock>(block); })) {
    for (auto& block : content)
      if (is_call(block)) calls.push_back(block);
    std::erase_if(content, is_call);
    std::ranges::move(calls, std::back_inserter(content));
  }
  while (!content.empty() && std::holds_alternative<ThinkingBlock>(content.back()))
    content.pop_back();
  message.stop_reason = has_calls(message) ? StopReason::tool_use : StopReason::stop;
  message.error_message.clear();
  message.error_hint.clear();
}

class Projection {
public:
  Projection(std::vector<Message> transcript, const ports::DialectRules& rules, std::string_view provider,
             std::string_view model)
      : transcript_(std::move(transcript)), rules_(rules), provider_(provider), model_(model), answers_(transcript_),
        ids_(rules.tool_call_id_limit) {}

  std::vector<Message> run() {
    out_.reserve(transcript_.size());
    for (std::size_t at = 0; at < transcript_.size(); ++at) {
      if (transcript_[at].role == Role::user)
        add_user(transcript_[at]);
      else if (transcript_[at].role == Role::assistant)
        add_assistant(at);
    }
    while (!out_.empty() && out_.back().role == Role::assistant)
      out_.pop_back();
    if (rules_.first_is_user && !out_.empty() && out_.front().role != Role::user) {
      Message opening;
      opening.content.emplace_back(TextBlock{std::string(kOpening)});
      out_.insert(out_.begin(), std::move(opening));
    }
    if (rules_.alternate_roles) merge_neighbours();
    return std::move(out_);
  }

private:
  void add_user(Message& message) {
    if (message.stop_reason == StopReason::injected) return;
    auto content = readable_content(message);
    if (content.empty()) return;
    auto sent = without_content(message);
    sent.content = std::move(content);
    out_.push_back(std::move(sent));
  }

  void add_assistant(std::size_t at) {
    auto& message = transcript_[at];
    if (message.stop_reason == StopReason::injected) return;
    const bool broken = message.stop_reason == StopReason::error || message.stop_reason == StopReason::aborted;
    const bool keep_thinking = rules_.keep_thinking && message.provider == provider_ && message.model == model_;
    auto sent = without_content(message);
    std::vector<Message> results;
    for (std::size_t index = 0; index < message.content.size(); ++index) {
      auto& block = message.content[index];
      if (auto* text = std::get_if<TextBlock>(&block)) {
        if (!blank(text->text)) sent.content.emplace_back(TextBlock{valid(std::move(text->text))});
      } else if (auto* thinking = std::get_if<ThinkingBlock>(&block)) {
        if (keep_thinking && !thinking->signature.empty())
          sent.content.emplace_back(
              ThinkingBlock{valid(std::move(thinking->thinking)), valid(std::move(thinking->signature))});
      } else if (const auto* call = std::get_if<ToolCallBlock>(&block)) {
        const auto answer = answers_.of(at, index);
        if (broken && !answer) continue;
        ToolCallBlock asked{ids_.next(call->id), usable_name(call->name), object_or_empty(call->arguments_json)};
        results.push_back(result_for(asked, answer));
        sent.content.emplace_back(std::move(asked));
      }
    }
    settle_blocks(sent);
    if (sent.content.empty()) return;
    out_.push_back(std::move(sent));
    for (auto& result : results)
      out_.push_back(std::move(result));
  }

  Message result_for(const ToolCallBlock& call, std::optional<std::size_t> answer) {
    Message result;
    if (answer) {
      result = without_content(transcript_[*answer]);
      result.content = readable_content(transcript_[*answer]);
      if (result.content.empty()) result.content.emplace_back(TextBlock{std::string(kNoOutput)});
    } else {
      result.role = Role::tool_result;
      result.is_error = true;
      result.content.emplace_back(TextBlock{std::string(kNoResult)});
    }
    result.tool_call_id = call.id;
    result.tool_name = call.name;
    return result;
  }

  static Message without_content(Message& message) {
    Message out;
    out.role = message.role;
    out.timestamp_ms = message.timestamp_ms;
    out.api = std::move(message.api);
    out.provider = std::move(message.provider);
    out.model = std::move(message.model);
    out.usage = message.usage;
    out.is_error = message.is_error;
    out.run_id = std::move(message.run_id);
    return out;
  }

  void merge_neighbours() {
    std::vector<Message> merged;
    for (auto& message : out_) {
      const bool joins = !merged.empty() && message.role != Role::tool_result && merged.back().role == message.role;
      if (!joins) {
        merged.push_back(std::move(message));
        continue;
      }
      auto& into = merged.back();
      for (auto& block : message.content)
        // Thinking is only valid where the model put it: at the head of its own message.
        if (!std::holds_alternative<ThinkingBlock>(block)) into.content.push_back(std::move(block));
      if (into.role == Role::assistant) settle_blocks(into);
    }
    out_ = std::move(merged);
  }

  std::vector<Message> transcript_;
  const ports::DialectRules& rules_;
  std::string_view provider_;
  std::string_view model_;
  Answers answers_;
  Ids ids_;
  std::vector<Message> out_;
};

} // namespace

void leave_out_images(std::vector<Message>& messages) {
  for (auto& message : messages)
    for (auto& block : message.content)
      if (const auto* image = std::get_if<ImageBlock>(&block))
        block = TextBlock{fmt::format("(A picture, {}: this model reads text only.)", printable(image->mime_type, 40))};
}

std::vector<Message> project_context(std::vector<Message> transcript, const ports::DialectRules& rules,
                                     std::string_view provider, std::string_view model) {
  return Projection(std::move(transcript), rules, provider, model).run();
}

} // namespace openclaw::agent
