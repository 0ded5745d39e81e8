// Who and what a bot can reach on Discord: the people and the channels of its servers.
#pragma once
#include "extensions/channels/discord/rest_api.hpp"
#include <memory>
#include <vector>

namespace openclaw::extensions::discord {

Task<std::vector<ports::DirectoryEntry>> find_people(std::shared_ptr<RestApi> rest, std::string query,
                                                     std::size_t limit);
Task<std::vector<ports::DirectoryEntry>> find_channels(std::shared_ptr<RestApi> rest, std::string query,
                                                       std::size_t limit);

} // namespace openclaw::extensions::discord
