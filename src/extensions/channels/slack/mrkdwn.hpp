// Slack's dialect, both ways: a tree as mrkdwn, and what people wrote as plain words. Pure.
#pragma once
#include "ports/rich_text.hpp"
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::extensions::slack {

// The name of a person, for people; empty when it is not known.
using NameOf = std::function<std::string(std::string_view user_id)>;

std::string render_mrkdwn(const ports::rich_text::Node& document);
// Only what must be escaped, for words that shall stay as they are.
std::string escape(std::string_view words);

// "<@U1> see <https://a.b|this> &amp; that" as "@Ada see this (https://a.b) & that"; mentions of `own_id` go.
std::string plain_words(std::string_view mrkdwn, std::string_view own_id, const NameOf& name_of);
// Ids of the people whom a text mentions, at most `limit`.
std::vector<std::string> mentioned_people(std::string_view mrkdwn, std::size_t limit);

// "👀", ":eyes:" or "eyes" as "eyes"; nothing when Slack has no name for it that we know.
std::optional<std::string> emoji_name(std::string_view emoji);
// "eyes" as "👀"; what we do not know as ":name:".
std::string emoji_of(std::string_view name);

} // namespace openclaw::extensions::slack
