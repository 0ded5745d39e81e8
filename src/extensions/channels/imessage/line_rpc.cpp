#include "extensions/channels/imessage/line_rpc.hpp"

#include "base/text.hpp"
#include "ports/companion.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::imessage {
namespace {

constexpr std::size_t kLongestLine = 8 * 1024 * 1024;
constexpr std::size_t kMostWaiting = 200;       // requests
constexpr std::size_t kMostNotifications = 500; // then it is not read until some are taken
constexpr std::int64_t kGraceMs = 500;

// Takes whole lines out of a stream of pieces; one that is too long is left out.
class Lines {
public:
  explicit Lines(std::size_t longest) : longest_(longest) {}
  void feed(std::string_view piece) { buffer_ += piece; }
  std::optional<std::string> next() {
    while (true) {
      const auto end = buffer_.find('\n', scanned_);
      if (end == std::string::npos) {
        scanned_ = buffer_.size();
        if (buffer_.size() > longest_) {
          buffer_.clear();
          scanned_ = 0;
          skipping_ = true;
        }
        return std::nullopt;
      }
      auto line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      scanned_ = 0;
      if (!std::exchange(skipping_, false)) return line;
      return std::string("too long");
    }
  }

private:
  std::string buffer_;
  std::size_t scanned_ = 0;
  std::size_t longest_;
  bool skipping_ = false;
};

} // namespace

struct LineRpc::Life {
  struct Pending {
    explicit Pending(async::Executor executor) : answered(executor) {}
    async::Event answered;
    std::optional<json::value> answer;
  };
  Life(async::Executor executor, std::shared_ptr<async::Process> child)
      : process(std::move(child)), outgoing(executor, kMostWaiting), notifications(executor, kMostNotifications) {}

  void end() {
    ended = true;
    outgoing.close();
    notifications.close();
    for (auto& [id, one] : pending)
      one->answered.notify();
  }

  std::shared_ptr<async::Process> process;
  async::Queue<std::string> outgoing;
  async::Queue<json::value> notifications;
  std::map<std::int64_t, std::shared_ptr<Pending>> pending;
  std::int64_t next_id = 1;
  std::optional<Error> remedy;
  bool ended = false;
};

Result<> LineRpc::start(std::vector<std::string> argv, Remedy remedy) {
  async::SpawnOptions options;
  options.argv = std::move(argv);
  options.environment = ports::companion_environment();
  options.pipe_input = true;
  TRY(auto process, async::spawn(background_.executor(), std::move(options)));
  life_ = std::make_shared<Life>(background_.executor(), std::move(process));
  background_.spawn("imsg output", read(life_));
  background_.spawn("imsg errors", read_errors(life_, remedy));
  background_.spawn("imsg input", write(life_));
  return {};
}

Task<> LineRpc::read(std::shared_ptr<Life> life) {
  Lines lines(kLongestLine);
  while (true) {
    auto piece = co_await life->process->read_output();
    if (!piece || !*piece) break;
    lines.feed(**piece);
    while (auto line = lines.next()) {
      if (trim(*line).empty()) continue;
      auto value = parse_json(*line, "line of imsg");
      const auto* id = value ? find(*value, "id") : nullptr;
      const bool answer = id && !id->is_null() && !find(*value, "method");
      if (answer) {
        const auto number = id->is_string() ? std::atoll(id->get_string().c_str()) : as_integer(*id).value_or(0);
        if (const auto found = life->pending.find(number); found != life->pending.end()) {
          found->second->answer = std::move(*value);
          found->second->answered.notify();
        }
        continue;
      }
      auto pushed = co_await life->notifications.push(value ? std::move(*value) : json::value());
      if (!pushed) break;
    }
  }
  life->end();
  co_return Result<>{};
}

Task<> LineRpc::read_errors(std::shared_ptr<Life> life, Remedy remedy) {
  Lines lines(4096);
  while (true) {
    auto piece = co_await life->process->read_error();
    if (!piece || !*piece) break;
    lines.feed(**piece);
    while (auto line = lines.next())
      if (!life->remedy) life->remedy = remedy(*line);
  }
  lines.feed("\n");
  if (auto line = lines.next(); line && !life->remedy) life->remedy = remedy(*line);
  co_return Result<>{};
}

Task<> LineRpc::write(std::shared_ptr<Life> life) {
  while (true) {
    auto line = co_await life->outgoing.pop();
    if (!line || !*line) break;
    auto written = co_await life->process->write_input(std::move(**line));
    if (!written) break;
  }
  co_return Result<>{};
}

Task<json::value> LineRpc::request(std::string method, json::object parameters, std::int64_t timeout_ms) {
  const auto life = life_;
  if (!life || life->ended)
    co_return fail(Kind::transient, "imsg does not run at this moment.", {}, std::string(kNotRead));
  const auto id = life->next_id++;
  const auto pending = std::make_shared<Life::Pending>(background_.executor());
  json::object body{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(parameters)}};
  if (!life->outgoing.try_push(to_text(json::value(std::move(body))) + "\n"))
    co_return fail(Kind::busy, "Too much waits for imsg.", {}, std::string(kNotRead));
  life->pending.emplace(id, pending);
  const auto until = time_.monotonic_ms() + timeout_ms;
  while (!pending->answer && !life->ended) {
    const auto left = until - time_.monotonic_ms();
    if (left <= 0) break;
    auto waited = co_await pending->answered.wait_for(left);
    if (!waited && waited.error().kind == Kind::cancelled) {
      life->pending.erase(id);
      co_return std::unexpected(waited.error());
    }
  }
  life->pending.erase(id);
  if (!pending->answer) {
    if (life->ended) co_return fail(Kind::transient, "imsg ended before it answered.");
    co_return fail(Kind::timeout, fmt::format("imsg did not answer within {} seconds.", timeout_ms / 1000));
  }
  if (const auto* error = find(*pending->answer, "error"); error && error->is_object()) {
    auto said = string_or(*error, "message", "no reason given");
    if (const auto* data = find(*error, "data"); data && data->is_string())
      said += fmt::format(": {}", std::string_view(data->get_string()));
    co_return fail(Kind::remote, fmt::format("imsg: {}.", printable(said, 300)), {},
                   std::to_string(integer_or(*error, "code", 0)));
  }
  const auto* result = find(*pending->answer, "result");
  co_return result ? *result : json::value();
}

Task<json::value> LineRpc::next() {
  const auto life = life_;
  if (!life) co_return fail(Kind::transient, "imsg does not run.");
  CO_TRY(auto notification, co_await life->notifications.pop());
  if (notification) co_return std::move(*notification);
  if (life->remedy) co_return std::unexpected(*life->remedy);
  co_return fail(Kind::transient, "imsg ended.");
}

Task<> LineRpc::stop() {
  const auto life = std::exchange(life_, nullptr);
  if (!life) co_return Result<>{};
  life->process->close_input(); // asks it to end
  auto ended = co_await async::terminate(life->process, kGraceMs);
  (void)ended;
  life->end();
  co_return Result<>{};
}

} // namespace openclaw::extensions::imessage
