#include "extensions/channels/whatsapp/link.hpp"

#include "async/offload.hpp"
#include "base/text.hpp"
#include <csignal>
#include <fmt/core.h>

namespace openclaw::extensions::whatsapp {
namespace {

constexpr std::int64_t kGraceMs = 3000;
constexpr std::int64_t kSilenceMs = 120'000; // it gives a sign each half minute
constexpr std::size_t kMostMessages = 256;   // it waits for our answer to 64
constexpr std::size_t kMostChanges = 4096;
constexpr std::size_t kStatePart = 512 * 1024;
constexpr std::int64_t kFetchMs = 180'000;
constexpr std::int64_t kLogOutMs = 20'000;
constexpr std::int64_t kMegabyte = 1024 * 1024;

// Node reserves more addresses than it uses, so those are not counted; its heap is bounded by its own option.
constexpr sandbox::Limits kLimits{.cpu_seconds = 0,
                                  .memory_bytes = 0,
                                  .file_bytes = 256 * kMegabyte,
                                  .temporary_bytes = 256 * kMegabyte,
                                  .processes = 64,
                                  .open_files = 256};

Task<Keys> load(std::shared_ptr<KeyLog> keys) {
  std::function<Result<Keys>()> work = [keys] { return keys->load(); };
  co_return co_await async::offload<Keys>(std::move(work));
}

Task<std::shared_ptr<async::Process>> start(async::Executor executor, Program program) {
  // The first look takes some milliseconds, which the loop has not got.
  std::function<Result<sandbox::Support>()> look = []() -> Result<sandbox::Support> { return sandbox::support(); };
  CO_TRY(const auto support, co_await async::offload<sandbox::Support>(std::move(look)));
  if (!support.usable)
    co_return fail(Kind::denied, fmt::format("WhatsApp's process only runs confined. {}", support.explanation),
                   "`openclaw doctor` examines it again.");
  sandbox::Confinement confinement{
      .mounts = program.mounts, .network = sandbox::Network::host, .limits = kLimits, .system = true};
  sandbox::Command command;
  command.argv = program.argv;
  command.directory = "/";
  command.pipe_input = true;
  command.merge_error = false;
  co_return sandbox::start(executor, std::move(confinement), std::move(command));
}

bool is_linked(const Keys& kept) {
  const auto found = kept.find("creds");
  if (found == kept.end()) return false;
  const auto credentials = parse_json(found->second, "credentials");
  return credentials && find(*credentials, "me") != nullptr;
}

} // namespace

Task<Link::Ending> Link::live(Self self) {
  CO_TRY(auto kept, co_await load(self->plan_.keys));
  self->linked_ = is_linked(kept);
  CO_TRY(auto process, co_await start(self->plan_.executor, self->plan_.program));
  self->sidecar_ = std::make_shared<Sidecar>(self->plan_.executor, process);
  self->heard_ms_ = self->plan_.time.monotonic_ms();
  async::Scope scope(self->plan_.executor);
  scope.spawn("whatsapp input", Sidecar::pump(self->sidecar_));
  scope.spawn("whatsapp errors", Sidecar::swallow_errors(self->sidecar_));
  scope.spawn("whatsapp keys", keep_changes(self));
  scope.spawn("whatsapp messages", hand_on(self));
  scope.spawn("whatsapp watch", watch(self));
  auto ended = co_await converse(self, std::move(kept));
  self->up_ = false;
  self->sidecar_->end();
  scope.cancel();
  auto joined = co_await scope.join();
  (void)joined;
  // It keeps nothing that it could lose.
  process->signal(SIGKILL);
  auto terminated = co_await async::terminate(process, kGraceMs);
  (void)terminated;
  // What was handed over before the end is kept too.
  auto written = co_await write_changes(self);
  if (self->forget_ || (ended && *ended == Ending::unlinked)) written = self->plan_.keys->erase();
  self->ended_ = true;
  self->over_.notify();
  if (!written && ended) co_return std::unexpected(written.error());
  if (self->forget_ && !ended && ended.error().kind != Kind::cancelled) co_return Ending::unlinked;
  co_return ended;
}

Task<Link::Ending> Link::converse(Self self, Keys kept) {
  while (true) {
    auto next = co_await Sidecar::next(self->sidecar_);
    if (self->broken_) co_return std::unexpected(*self->broken_);
    if (!next) co_return std::unexpected(next.error());
    if (!*next)
      co_return fail(Kind::transient, "WhatsApp's process ended by itself.",
                     "If this goes on: node and the packages may not fit each other.");
    const auto& message = **next;
    self->heard_ms_ = self->plan_.time.monotonic_ms();
    const auto method = string_or(message, "method");
    const auto* given = find(message, "params");
    const auto params = given ? *given : json::value(json::object());
    if (method == "ready") {
      CO_TRY_VOID(co_await begin(self, std::move(kept)));
      kept.clear();
    } else if (method == "store" || method == "message") {
      auto& list = method == "store" ? self->changes_ : self->messages_;
      if (list.size() >= (method == "store" ? kMostChanges : kMostMessages))
        co_return fail(Kind::transient, "WhatsApp's process hands over more than it may.");
      const auto* id = find(message, "id");
      list.push_back({id ? *id : json::value(), params});
      self->changed_.notify();
    } else if (method == "qr") {
      self->code_shown_ = true;
      self->host_.needs_login("Scan the code with the phone: WhatsApp, Settings, Linked devices, Link a device.",
                              string_or(params, "qr"));
    } else if (method == "paired") {
      self->linked_ = true;
    } else if (method == "connection") {
      self->take_connection(params);
    } else if (method == "piece") {
      self->take_piece(params);
    } else if (method == "pulse" && integer_or(params, "frames", 0) > 0) {
      self->host_.alive();
    }
    if (!self->close_) continue;
    if (self->close_->action == CloseAction::relink && self->linked_) {
      self->host_.warn(self->close_->error.text());
      co_return Ending::unlinked;
    }
    co_return std::unexpected(self->close_->error);
  }
}

Task<> Link::begin(Self self, Keys kept) {
  json::object part;
  std::size_t size = 0;
  for (auto& [name, value] : kept) {
    size += name.size() + 2 * value.size(); // quotes inside of it are escaped
    part[name] = std::move(value);
    if (size < kStatePart) continue;
    json::object params{{"entries", std::move(part)}};
    CO_TRY_VOID(co_await self->sidecar_->note("state", std::move(params)));
    part = {};
    size = 0;
  }
  json::object params{{"entries", std::move(part)}};
  CO_TRY_VOID(co_await self->sidecar_->note("state", std::move(params)));
  auto settings = self->plan_.settings;
  co_return co_await self->sidecar_->note("start", std::move(settings));
}

void Link::take_connection(const json::value& params) {
  if (string_or(params, "state") == "open") {
    up_ = true;
    linked_ = true;
    me_ = {without_device(string_or(params, "id")), without_device(string_or(params, "lid"))};
    host_.connected(person_id(me_.number));
    return;
  }
  up_ = false;
  close_ = judge_close(integer_or(params, "code", 0), linked_ || !code_shown_);
}

void Link::take_piece(const json::value& params) {
  const auto found = transfers_.find(integer_or(params, "transfer", -1));
  const auto* data = find(params, "data");
  if (found == transfers_.end() || !data || !data->is_string()) return;
  const auto bytes = from_base64(data->get_string());
  if (!bytes || found->second.bytes.size() + bytes->size() > found->second.limit) return;
  found->second.bytes.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

void Link::break_off(Error error) {
  if (!broken_) broken_ = std::move(error);
  sidecar_->process().signal(SIGKILL);
}

// Everything that waits, in one write.
Task<> Link::write_changes(Self self) {
  std::vector<KeyLog::Change> list;
  for (const auto& asked : self->changes_)
    if (const auto* entries = find(asked.params, "entries"); entries && entries->is_object())
      for (const auto& [name, value] : entries->get_object())
        list.emplace_back(name, value.is_string() ? std::optional(std::string(value.get_string())) : std::nullopt);
  const auto asked = std::exchange(self->changes_, {});
  std::function<Result<bool>()> work = [keys = self->plan_.keys, list = std::move(list)]() -> Result<bool> {
    TRY_VOID(keys->append(list));
    if (keys->grown()) {
      TRY([[maybe_unused]] const auto all, keys->load());
    }
    return true;
  };
  CO_TRY([[maybe_unused]] const bool kept, co_await async::offload<bool>(std::move(work)));
  for (const auto& one : asked) {
    auto answered = co_await self->sidecar_->answer(one.id);
    if (!answered) break; // it is gone
  }
  co_return Result<>{};
}

Task<> Link::keep_changes(Self self) {
  while (true) {
    while (self->changes_.empty())
      CO_TRY_VOID(co_await self->changed_.wait());
    auto written = co_await write_changes(self);
    if (written) continue;
    if (written.error().kind != Kind::cancelled) self->break_off(written.error());
    co_return Result<>{};
  }
}

Task<> Link::hand_on(Self self) {
  while (true) {
    while (self->messages_.empty())
      CO_TRY_VOID(co_await self->changed_.wait());
    const auto asked = std::move(self->messages_.front());
    self->messages_.pop_front();
    auto event = event_from(asked.params, self->me_);
    if (event) {
      auto taken = co_await self->host_.receive(std::move(*event));
      if (!taken) {
        if (taken.error().kind != Kind::cancelled) self->break_off(taken.error());
        co_return Result<>{};
      }
    }
    CO_TRY_VOID(co_await self->sidecar_->answer(asked.id));
  }
}

Task<> Link::watch(Self self) {
  while (true) {
    CO_TRY_VOID(co_await self->plan_.time.sleep_ms(kSilenceMs / 2));
    if (self->plan_.time.monotonic_ms() - self->heard_ms_ < kSilenceMs) continue;
    self->break_off(Error{Kind::transient, "WhatsApp's process gave no sign for two minutes and was ended.", {}, {}});
    co_return Result<>{};
  }
}

Task<json::value> Link::request(Self self, std::string method, json::object params, std::int64_t timeout_ms) {
  if (!self || !self->sidecar_) co_return fail(Kind::transient, "WhatsApp is not connected.", {}, "transient");
  co_return co_await Sidecar::request(self->sidecar_, std::move(method), std::move(params), timeout_ms);
}

Task<> Link::note(Self self, std::string method, json::object params) {
  if (!self || !self->sidecar_) co_return fail(Kind::transient, "WhatsApp is not connected.", {}, "transient");
  co_return co_await self->sidecar_->note(std::move(method), std::move(params));
}

Task<std::string> Link::fetch(Self self, json::object parameters, std::size_t limit) {
  if (!self) co_return fail(Kind::transient, "WhatsApp is not connected.");
  const auto transfer = ++self->last_transfer_;
  self->transfers_[transfer].limit = limit;
  parameters["transfer"] = transfer;
  parameters["limit"] = limit;
  auto answer = co_await request(self, "fetch", std::move(parameters), kFetchMs);
  auto bytes = std::move(self->transfers_[transfer].bytes);
  self->transfers_.erase(transfer);
  if (!answer) {
    auto error = answer.error();
    if (error.code == "invalid") error.kind = Kind::invalid;
    co_return std::unexpected(std::move(error));
  }
  if (integer_or(*answer, "bytes", -1) != static_cast<std::int64_t>(bytes.size()))
    co_return fail(Kind::remote, "not all of it came");
  co_return bytes;
}

Task<> Link::log_out(Self self) {
  self->forget_ = true;
  if (self->up_) {
    json::object none;
    auto said = co_await request(self, "logout", std::move(none), kLogOutMs);
    if (!said && said.error().kind == Kind::cancelled) co_return std::unexpected(said.error());
  }
  // There is no more to say; when WhatsApp could not be told, the phone still lists the device.
  if (self->sidecar_) self->sidecar_->process().signal(SIGKILL);
  while (!self->ended_)
    CO_TRY_VOID(co_await self->over_.wait_for(kLogOutMs));
  co_return Result<>{};
}

} // namespace openclaw::extensions::whatsapp
