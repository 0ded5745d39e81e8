#include "extensions/channels/slack/mrkdwn.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::slack {
namespace {

namespace rich_text = ports::rich_text;

bool is_id(std::string_view id) {
  return id.size() >= 2 && id.size() <= 30 &&
         id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string_view::npos;
}

// A mention of a person or a room is meant as one. Those of everybody (<!here>) never are: no model shall ring a
// whole company.
bool is_mention(std::string_view inner) {
  return inner.size() > 2 && is_id(inner.substr(1)) &&
         ((inner[0] == '@' && (inner[1] == 'U' || inner[1] == 'W')) ||
          (inner[0] == '#' && (inner[1] == 'C' || inner[1] == 'G')));
}

void escape_to(std::string& out, char c) {
  if (c == '&')
    out += "&amp;";
  else if (c == '<')
    out += "&lt;";
  else if (c == '>')
    out += "&gt;";
  else
    out += c;
}

std::string escape_words(std::string_view words) {
  std::string out;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (words[at] == '<') {
      const auto end = words.find('>', at);
      if (end != std::string_view::npos && is_mention(words.substr(at + 1, end - at - 1))) {
        out += words.substr(at, end - at + 1);
        at = end;
        continue;
      }
    }
    escape_to(out, words[at]);
  }
  return out;
}

// Three backticks would end the block that they stand in; a character without width between them does not show.
std::string escape_code(std::string_view code) {
  std::string out;
  std::size_t ticks = 0;
  for (const char c : code) {
    ticks = c == '`' ? ticks + 1 : 0;
    if (ticks == 3) {
      out += "\u200b";
      ticks = 1;
    }
    escape_to(out, c);
  }
  return out;
}

std::string link(std::string_view label, std::string_view address) {
  const auto scheme = lowercase_ascii(address.substr(0, 8));
  const bool known = scheme.starts_with("http://") || scheme.starts_with("https://") || scheme.starts_with("mailto:") ||
                     scheme.starts_with("tel:");
  if (!known) return fmt::format("{} ({})", label, escape(address));
  std::string safe;
  for (const char c : address) {
    if (c == '|' || c == ' ' || static_cast<unsigned char>(c) < 0x20)
      safe += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      escape_to(safe, c);
  }
  std::string words;
  for (const char c : label)
    words += c == '\n' || c == '|' ? ' ' : c;
  if (words.empty() || words == safe) return fmt::format("<{}>", safe);
  return fmt::format("<{}|{}>", safe, words);
}

std::string code_block(std::string_view, std::string_view code) {
  return fmt::format("```\n{}\n```", code);
}

// A heading is bold as a whole; bold within bold would show its stars.
std::string heading(int, std::string_view label) {
  std::string words(label);
  std::erase(words, '*');
  return words.empty() ? words : fmt::format("*{}*", words);
}

const rich_text::Marks& marks() {
  static const rich_text::Marks marks = [] {
    rich_text::Marks mrkdwn;
    mrkdwn.bold = {"*", "*"};
    mrkdwn.italic = {"_", "_"};
    mrkdwn.strike = {"~", "~"};
    mrkdwn.code = {"`", "`"};
    mrkdwn.bullet = "• ";
    mrkdwn.rule = "———";
    mrkdwn.escape = escape_words;
    mrkdwn.escape_code = escape_code;
    mrkdwn.link = link;
    mrkdwn.code_block = code_block;
    mrkdwn.heading = heading;
    return mrkdwn;
  }();
  return marks;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto rest = text.substr(at);
    if (rest.starts_with("&lt;")) {
      out += '<';
      at += 3;
    } else if (rest.starts_with("&gt;")) {
      out += '>';
      at += 3;
    } else if (rest.starts_with("&amp;")) {
      out += '&';
      at += 4;
    } else {
      out += text[at];
    }
  }
  return out;
}

// What stands between < and >.
std::string token_words(std::string_view token, std::string_view own_id, const NameOf& name_of) {
  const auto bar = token.find('|');
  const auto target = token.substr(0, bar);
  const auto label = bar == std::string_view::npos ? std::string_view() : token.substr(bar + 1);
  if (target.starts_with('@')) {
    const auto id = target.substr(1);
    if (id == own_id) return {};
    auto name = name_of ? name_of(id) : std::string();
    if (name.empty()) name = unescape(label.empty() ? id : label);
    return "@" + name;
  }
  if (target.starts_with('#')) return "#" + unescape(label.empty() ? target.substr(1) : label);
  if (target.starts_with('!')) {
    if (!label.empty()) return unescape(label); // a date's or a group's words
    return "@" + unescape(target.substr(1));
  }
  const auto address = unescape(target);
  const auto shown = unescape(label);
  if (shown.empty() || shown == address || "mailto:" + shown == address || "tel:" + shown == address ||
      "http://" + shown == address || "https://" + shown == address)
    return address.starts_with("mailto:") || address.starts_with("tel:") ? shown : address;
  return fmt::format("{} ({})", shown, address);
}

struct Emoji {
  std::string_view sign, name;
};
// What people configure as a mark; custom ones are written by name.
constexpr Emoji kEmoji[] = {{"👀", "eyes"},
                            {"👍", "thumbsup"},
                            {"👍", "+1"},
                            {"👎", "thumbsdown"},
                            {"👎", "-1"},
                            {"✅", "white_check_mark"},
                            {"❌", "x"},
                            {"⏳", "hourglass_flowing_sand"},
                            {"⌛", "hourglass"},
                            {"🤔", "thinking_face"},
                            {"🔥", "fire"},
                            {"❤", "heart"},
                            {"🎉", "tada"},
                            {"🙏", "pray"},
                            {"👏", "clap"},
                            {"🚀", "rocket"},
                            {"💯", "100"},
                            {"😂", "joy"},
                            {"😄", "smile"},
                            {"😢", "cry"},
                            {"😮", "open_mouth"},
                            {"🦞", "lobster"},
                            {"⚙", "gear"},
                            {"⚠", "warning"},
                            {"👋", "wave"},
                            {"🤖", "robot_face"},
                            {"💬", "speech_balloon"},
                            {"✔", "heavy_check_mark"},
                            {"⭐", "star"},
                            {"🙌", "raised_hands"},
                            {"💡", "bulb"},
                            {"🧠", "brain"},
                            {"📌", "pushpin"},
                            {"📎", "paperclip"},
                            {"🔍", "mag"},
                            {"🛑", "octagonal_sign"},
                            {"👌", "ok_hand"},
                            {"😀", "grinning"},
                            {"😊", "blush"},
                            {"🎯", "dart"}};

} // namespace

std::string escape(std::string_view words) {
  std::string out;
  for (const char c : words)
    escape_to(out, c);
  return out;
}

std::string render_mrkdwn(const rich_text::Node& document) {
  return rich_text::render(document, marks());
}

std::string plain_words(std::string_view mrkdwn, std::string_view own_id, const NameOf& name_of) {
  std::string out;
  for (std::size_t at = 0; at < mrkdwn.size();) {
    const auto open = mrkdwn.find('<', at);
    out += unescape(mrkdwn.substr(at, open == std::string_view::npos ? open : open - at));
    if (open == std::string_view::npos) break;
    const auto end = mrkdwn.find_first_of("<>\n", open + 1);
    if (end == std::string_view::npos || mrkdwn[end] != '>' || end == open + 1) {
      out += '<';
      at = open + 1;
      continue;
    }
    const auto words = token_words(mrkdwn.substr(open + 1, end - open - 1), own_id, name_of);
    at = end + 1;
    // The space behind a mention that goes, goes with it.
    if (words.empty() && at < mrkdwn.size() && mrkdwn[at] == ' ' && (out.empty() || out.back() == ' ')) ++at;
    out += words;
  }
  return std::string(trim(out));
}

std::vector<std::string> mentioned_people(std::string_view mrkdwn, std::size_t limit) {
  std::vector<std::string> ids;
  for (auto at = mrkdwn.find("<@"); at != std::string_view::npos && ids.size() < limit;
       at = mrkdwn.find("<@", at + 2)) {
    const auto end = mrkdwn.find_first_of("|>", at);
    if (end == std::string_view::npos) break;
    auto id = std::string(mrkdwn.substr(at + 2, end - at - 2));
    if (is_id(id) && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  return ids;
}

std::optional<std::string> emoji_name(std::string_view emoji) {
  auto sign = trim(emoji);
  if (sign.size() > 2 && sign.starts_with(':') && sign.ends_with(':')) sign = sign.substr(1, sign.size() - 2);
  constexpr std::string_view name_letters = "abcdefghijklmnopqrstuvwxyz0123456789_+-'";
  if (!sign.empty() && sign.size() <= 100 && sign.find_first_not_of(name_letters) == std::string_view::npos)
    return std::string(sign);
  // The selector that asks for a coloured sign is no part of it.
  if (sign.ends_with("\uFE0F")) sign.remove_suffix(3);
  for (const auto& known : kEmoji)
    if (known.sign == sign) return std::string(known.name);
  return std::nullopt;
}

std::string emoji_of(std::string_view name) {
  for (const auto& known : kEmoji)
    if (known.name == name) return std::string(known.sign);
  return fmt::format(":{}:", printable(name, 100));
}

} // namespace openclaw::extensions::slack
