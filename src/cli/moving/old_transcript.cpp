#include "cli/moving/old_transcript.hpp"

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include <ctime>
#include <fmt/core.h>
#include <unordered_map>

namespace openclaw::cli {
namespace {

struct Node {
  json::object value;
  std::string body;
  std::string id;
  std::size_t parent = kRoot;
  static constexpr std::size_t kRoot = static_cast<std::size_t>(-1);
};

// Version 1 had neither ids nor parents, and named the first kept entry by its number.
void give_ids(std::vector<Node>& nodes, const std::string& session_id) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    auto& node = nodes[i];
    node.id = sha256_hex(fmt::format("{}/{}", session_id, i)).substr(0, 8);
    node.value["id"] = node.id;
    node.value["parentId"] = i == 0 ? json::value(nullptr) : json::value(nodes[i - 1].id);
    const auto kept = integer_or(node.value, "firstKeptEntryIndex", -1);
    // Its numbers count the header.
    if (kept >= 1 && static_cast<std::size_t>(kept) <= i)
      node.value["firstKeptEntryId"] = nodes[static_cast<std::size_t>(kept) - 1].id;
    node.value.erase("firstKeptEntryIndex");
  }
}

void rename_roles(std::vector<Node>& nodes) {
  for (auto& node : nodes) {
    auto* message = node.value.if_contains("message");
    if (message && message->is_object() && string_or(*message, "role") == "hookMessage")
      message->get_object()["role"] = "custom";
  }
}

std::vector<std::size_t> current_branch(std::vector<Node>& nodes) {
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto* parent = nodes[i].value.if_contains("parentId");
    // What the gateway itself wrote into a transcript has no parent: it follows what stands before it.
    if (!parent)
      nodes[i].parent = i == 0 ? Node::kRoot : i - 1;
    else if (const auto* id = parent->if_string())
      if (const auto known = places.find(std::string_view(*id)); known != places.end()) nodes[i].parent = known->second;
    places[nodes[i].id] = i;
  }
  // A parent always stands before its child, so this ends.
  std::vector<std::size_t> branch;
  for (std::size_t at = nodes.empty() ? Node::kRoot : nodes.size() - 1; at != Node::kRoot; at = nodes[at].parent)
    branch.push_back(at);
  std::reverse(branch.begin(), branch.end());
  return branch;
}

} // namespace

std::int64_t parse_iso_ms(std::string_view text) {
  std::tm parts{};
  int milliseconds = 0;
  const std::string copy(text.substr(0, 40));
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &milliseconds) < 6)
    return 0;
  if (parts.tm_year < 1970 || parts.tm_year > 9999) return 0;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return static_cast<std::int64_t>(::timegm(&parts)) * 1000 + milliseconds;
}

OldTranscript read_old_transcript(std::string_view text, const std::string& session_id) {
  OldTranscript out;
  std::vector<Node> nodes;
  json::object header;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    const bool ended = end != std::string_view::npos;
    const auto line = text.substr(at, ended ? end - at : std::string_view::npos);
    at = ended ? end + 1 : text.size();
    if (trim(line).empty()) continue;
    auto parsed = parse_json(line, "transcript line");
    if (!parsed || !parsed->is_object() || string_or(*parsed, "type").empty()) {
      // Only the last line can be one that was being written.
      if (ended)
        ++out.damaged;
      else
        out.torn_bytes = line.size();
      continue;
    }
    if (string_or(*parsed, "type") == "session") {
      if (header.empty()) header = std::move(parsed->get_object());
      continue;
    }
    Node node;
    node.id = string_or(*parsed, "id");
    node.body = std::string(line);
    node.value = std::move(parsed->get_object());
    nodes.push_back(std::move(node));
  }
  out.id = string_or(header, "id");
  out.created_ms = parse_iso_ms(string_or(header, "timestamp"));
  const auto version = integer_or(header, "version", 1);
  const bool without_ids =
      std::any_of(nodes.begin(), nodes.end(), [](const Node& node) { return !node.value.contains("id"); });
  out.converted = version < 3 || without_ids;
  if (version < 2 || without_ids) give_ids(nodes, session_id);
  if (out.converted) {
    rename_roles(nodes);
    for (auto& node : nodes)
      node.body = to_text(node.value);
  }
  header["type"] = "session";
  header["version"] = 3;
  header["id"] = session_id;
  if (!header.contains("timestamp")) header["timestamp"] = iso_time(0);
  if (!header.contains("cwd")) header["cwd"] = "";
  out.text = to_text(header) + "\n";
  for (const auto& node : nodes)
    out.text += node.body + "\n";
  const auto branch = current_branch(nodes);
  out.elsewhere = nodes.size() - branch.size();
  for (const auto i : branch) {
    const auto type = string_or(nodes[i].value, "type");
    if (type == "message") ++out.messages;
    if (type == "compaction") out.compacted = true;
    out.branch.push_back({nodes[i].id, std::move(nodes[i].body)});
  }
  return out;
}

} // namespace openclaw::cli
