// What extensions register with: each folder src/extensions/FAMILY/NAME/ defines `void
// register_FAMILY_NAME(ports::Registry&)`, and cmake generates the list of calls.
#pragma once
#include "ports/channel.hpp"
#include "ports/model.hpp"
#include "ports/model_server.hpp"
#include "ports/tool.hpp"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::ports {

// What a model server may ask for when it is made.
struct ServerServices {
  async::Executor executor;
  async::Scope& background;
  async::Time& time;
  net::HttpClient& http;
  std::string state_folder; // the one of all servers, below the state folder; each makes STATE_FOLDER/NAME for itself
  // An environment variable of the gateway, empty when unset (e.g. OLLAMA_HOST).
  std::function<std::string(std::string_view name)> environment;
};

class Registry {
public:
  void add_tool(std::unique_ptr<Tool> tool) { tools_.push_back(std::move(tool)); }
  void add_dialect(std::unique_ptr<Dialect> dialect) { dialects_.push_back(std::move(dialect)); }
  using MakeServer = std::function<std::unique_ptr<ModelServer>(ServerServices)>;
  void add_model_server(MakeServer make) { server_makers_.push_back(std::move(make)); }

  void add_channel(ChannelType type) { channels_.push_back(std::move(type)); }
  const std::vector<ChannelType>& channels() const { return channels_; }
  const ChannelType* find_channel(std::string_view id) const; // nullptr: not in this build

  // Another program inside this binary, for a process of its own (a sandbox executes only what it is given, so an
  // extension brings its worker along). main() calls register_extensions(), looks argv[1] up before it sets up anything
  // else, and returns program(argc - 1, argv + 1). At most one a name: the first stays.
  using Program = int (*)(int argc, char** argv);
  void add_program(std::string name, Program program) { programs_.emplace(std::move(name), program); }
  Program find_program(std::string_view name) const; // nullptr: not in this build

  const std::vector<std::unique_ptr<Tool>>& tools() const { return tools_; }
  Tool* find_tool(std::string_view name_or_alias) const;
  Dialect* find_dialect(std::string_view name) const;
  const std::vector<MakeServer>& server_makers() const { return server_makers_; }
  const std::vector<std::unique_ptr<Dialect>>& dialects() const { return dialects_; }

private:
  std::vector<std::unique_ptr<Tool>> tools_;
  std::vector<std::unique_ptr<Dialect>> dialects_;
  std::vector<MakeServer> server_makers_;
  std::vector<ChannelType> channels_;
  std::map<std::string, Program, std::less<>> programs_;
};

// Generated: calls register_FAMILY_NAME of every extension in this build.
void register_extensions(Registry& registry);

} // namespace openclaw::ports
