// The wire context: what a model is shown of a transcript. A pure function that makes any transcript, however shuffled,
// cut short or edited, obey its dialect's rules; a damaged session can cost a note in the conversation, never a request
// that the provider refuses.
#pragma once
#include "ports/conversation.hpp"
#include "ports/model.hpp"
#include <string_view>
#include <vector>

namespace openclaw::agent {

// Told to the model for a call whose outcome nobody wrote down.
inline constexpr std::string_view kNoResult = "No result was recorded: whether this took effect is unknown.";
// Stands in front when the first words are the assistant's and the dialect wants the user's.
inline constexpr std::string_view kOpening = "(The conversation continues here; earlier messages are not shown.)";

// For a model that reads text only: a note stands in the place of each picture.
void leave_out_images(std::vector<ports::Message>& messages);

// What it decides, in this order:
// - Messages: injected ones are the gateway's own words and are left out. Aborted and failed ones keep their text; of
// their calls
//   only those with a recorded result stay (the others never ran). Blank text, images that no model reads (a note says
//   so) and messages without content go. Arguments that are no JSON object become {}; names keep only [A-Za-z0-9_-], at
//   most 64 bytes.
// - Results: each belongs to the nearest earlier message with an unanswered call of its id, wherever it stood, and
// moves right behind
//   that message. A second result, and one that no earlier call asked for, goes (an old result is never taken for a
//   later call that uses the same id again). Calls without one get kNoResult.
// - Ids that break the dialect's limits, or were used before, are replaced by a hash of the id and how often it was
// seen: the same
//   transcript always gives the same bytes, so prompt caches hold.
// - Thinking stays when it is signed, comes from this provider and model, and the rules keep it; never as the last
// block.
// - Assistant messages at the very end (all without calls by now) go: nothing behind them asks for an answer. An empty
// list
//   therefore means that there is nothing to answer, and the caller should not call the model.
// - first_is_user puts kOpening in front; alternate_roles merges neighbours of one role.
// Projecting the outcome again changes nothing.
std::vector<ports::Message> project_context(std::vector<ports::Message> transcript, const ports::DialectRules& rules,
                                            std::string_view provider, std::string_view model);

} // namespace openclaw::agent
