// A messenger. A channel only translates: it receives events, sends messages and renders text in its platform's
// dialect. Who may talk, sessions, splitting, retries, order and the outbox are messaging's, once for all channels.
#pragma once
#include "async/scope.hpp"
#include "async/task.hpp"
#include "async/time.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"
#include "net/http_client.hpp"
#include "ports/rich_text.hpp"
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::ports {

enum class ChatKind { direct, group, channel }; // channel: a room of a team or guild, which has threads of its own

struct Chat {
  std::string id; // the platform's own, stable
  ChatKind kind = ChatKind::direct;
  std::string thread_id; // a topic or thread inside, empty: none
  std::string space_id;  // guild, team or workspace, empty: none
  std::string title;     // for people
};

struct Person {
  std::string id;                     // stable and not chosen by them: what allowlists name
  std::vector<std::string> other_ids; // the same person's other stable ids (number and uuid)
  std::string name;                   // for people; proves nothing
  std::string handle;                 // "@name"; proves nothing
  bool is_bot = false;
  bool is_self = false; // our own account's echo
};

// A file in a message, not yet fetched.
struct Attachment {
  enum class Type { image, audio, voice, video, document, sticker };
  Type type = Type::document;
  std::string mime_type;   // as claimed
  std::string file_name;   // as claimed
  std::int64_t bytes = -1; // as claimed, -1: not said
  std::string reference;   // what Files::fetch() needs; the channel's own
};

enum class EventType { message, edit, removal, reaction, command, callback, membership };
std::string_view event_type_name(EventType type);

struct InboundEvent {
  EventType type = EventType::message;
  std::string event_id; // the same in each delivery of the same event; [A-Za-z0-9._:-], at most 100 bytes
  Chat chat;
  Person from;
  std::string message_id;
  std::int64_t sent_ms = 0; // 0: not said
  std::string text;         // the platform's markup taken out; a command as "/name argument"
  bool mentions_me = false; // by the platform's own kind of mention
  bool replies_to_me = false;
  struct Quote {
    std::string message_id;
    std::string from;
    std::string text;
  };
  std::optional<Quote> quote;
  std::vector<Attachment> attachments;
  std::string emoji; // reaction
  bool reaction_removed = false;
  // What an answer needs besides the chat (an interaction's token); kept with the message.
  std::string reply_token;
  // Where the platform's stream goes on once this event is on disk; stored together with it. Empty: nothing to store.
  std::string checkpoint;
};

enum class LinkState { off, connecting, needs_login, up, retrying, failed };
std::string_view link_state_name(LinkState state);

// A request on the second listener, which only webhooks reach. The channel judges its signature before anything else.
using Webhook = std::function<Task<net::Response>(net::Request request, std::string body)>;

// What messaging does for one account of a channel. It outlives the channel.
class ChannelHost {
public:
  virtual ~ChannelHost() = default;
  // Returns when the event is on disk, or was refused for good; acknowledge it upstream only then. On an error it is
  // not on disk: do not acknowledge, and end receive() with that error.
  virtual Task<> receive(InboundEvent event) = 0;
  virtual std::string checkpoint() const = 0; // the last one stored, empty at first
  virtual Task<> save_checkpoint(std::string checkpoint) = 0;
  // Small durable facts of this account (where a conversation is reached): at most 4 KB each, 10,000 of them.
  virtual Task<> remember(std::string key, std::string value) = 0;
  virtual std::string recall(std::string_view key) const = 0;

  // The platform knows us; `who` is our account's name for people.
  virtual void connected(std::string who) = 0;
  // A frame or an answer arrived: this, not an open socket, is liveness.
  virtual void alive() = 0;
  // A person must do something: `what` says it, `qr` is the text of a QR code to show, if any.
  virtual void needs_login(std::string what, std::string qr) = 0;
  virtual void warn(std::string what) = 0; // shown by `channels status` until the next connection
  // Serves `path` on the second listener while the account is configured. Kind::denied when that listener is off.
  virtual Result<> serve(std::string path, Webhook webhook) = 0;
};

// A text in the platform's dialect.
struct Rendered {
  std::string text;
  std::string styles_json; // for platforms that send styles beside the words
  std::size_t length = 0;  // in the units of Capabilities::text_limit
};

struct OutgoingFile {
  Attachment::Type type = Attachment::Type::document;
  std::string file_name;
  std::string mime_type;
  std::string bytes;
};

// One message of the platform: a text, or a file with a caption.
struct Outgoing {
  Chat chat;
  Rendered body;
  bool plain = false; // the platform could not read our markup: send `body.text`, which is plain words now, without it
  std::string reply_to; // a message's id, empty: none
  std::string reply_token;
  std::optional<OutgoingFile> file;
  std::string idempotency_key; // the same in each attempt; [A-Za-z0-9-], at most 64 bytes
  bool notice = false;         // from the gateway, not from the model
};

enum class SendFault {
  retry_after, // a limit; try after SendProblem::retry_after_ms
  transient,   // certainly not delivered; a retry may help
  ambiguous,   // written, and no answer came: it may have been delivered
  refused,     // credentials or rights: a retry cannot help until a person acts
  missing,     // the chat or person is not there (any more)
  too_long,
  bad_format, // our markup was not understood; the same as plain words may be
  unsupported,
};
struct SendProblem {
  SendFault fault = SendFault::transient;
  std::string message; // a sentence; holds no secret
  std::int64_t retry_after_ms = 0;
};
struct SendReport {
  std::vector<std::string> message_ids;
  std::optional<SendProblem> problem;
};
// What a failed HTTP exchange says about delivery: `written` when the request may have reached the server.
SendProblem problem_from(const Error& error);

struct Capabilities {
  std::size_t text_limit = 4000; // the longest text, in the unit that render() counts
  std::size_t caption_limit = 1024;
  bool idempotent_send = false; // a repeated idempotency key is delivered once
  bool native_replies = false;
  bool groups = true;
  bool threads = false;
  std::int64_t file_in_bytes = 8 * 1024 * 1024;
  std::int64_t file_out_bytes = 8 * 1024 * 1024;
  std::int64_t edit_interval_ms = 1000; // at least this between two edits of a message
  std::int64_t typing_refresh_ms = 4000;
};

// Powers that a channel may have; messaging asks for them at run time, and works without.
class Typing {
public:
  virtual ~Typing() = default;
  virtual Task<> show_typing(Chat chat) = 0; // lasts as long as the platform shows it
  virtual Task<> stop_typing(Chat) { co_return Result<>{}; }
};
class Editing {
public:
  virtual ~Editing() = default;
  virtual Task<SendReport> edit(std::string message_id, Outgoing message) = 0; // "not modified" is a success
  virtual Task<SendReport> remove(Chat chat, std::string message_id) = 0;
};
class Reactions {
public:
  virtual ~Reactions() = default;
  virtual Task<> react(Chat chat, std::string message_id, std::string emoji, bool remove) = 0;
};
class Files {
public:
  virtual ~Files() = default;
  // Kind::invalid when it is larger than `limit` or not what it claims to be.
  virtual Task<std::string> fetch(Attachment attachment, std::size_t limit) = 0;
};
struct CommandHelp {
  std::string name; // without slash
  std::string help;
};
class NativeCommands {
public:
  virtual ~NativeCommands() = default;
  virtual Task<> publish(std::vector<CommandHelp> commands) = 0;
};
class Probe {
public:
  virtual ~Probe() = default;
  virtual Task<std::string> who() = 0; // who we are there; errors say what to do
};
// A login that a person makes with another device. It begins in receive(), which says needs_login() until it is done.
class Login {
public:
  virtual ~Login() = default;
  virtual Task<> log_out() = 0; // there and here: nothing of it is kept
};
struct DirectoryEntry {
  std::string id; // what chat_of() and allowlists understand
  std::string name;
  std::string handle;
  ChatKind kind = ChatKind::direct; // direct: a person
};
class Directory {
public:
  virtual ~Directory() = default;
  // People, or groups and rooms, whose name, handle or id contains `query` in any case; empty: all. At most `limit`.
  virtual Task<std::vector<DirectoryEntry>> find(bool people, std::string query, std::size_t limit) = 0;
};
class Channel {
public:
  virtual ~Channel() = default;
  virtual Capabilities capabilities() const = 0;
  // One life of the connection: connects and receives until it breaks or is cancelled. Kind::denied: a person must act,
  // so it is not tried again by itself; any other end is tried again with growing pauses.
  virtual Task<> receive(ChannelHost& host) = 0;
  // One attempt; never retries by itself.
  virtual Task<SendReport> send(Outgoing message) = 0;
  virtual Rendered render(const rich_text::Node& document) const = 0;
  // The chat of a target that a person wrote ("@name", "user:U1", a number); Kind::invalid says what is understood.
  virtual Result<Chat> chat_of(std::string_view target) const = 0;

  virtual Typing* typing() { return nullptr; }
  virtual Editing* editing() { return nullptr; }
  virtual Reactions* reactions() { return nullptr; }
  virtual Files* files() { return nullptr; }
  virtual NativeCommands* native_commands() { return nullptr; }
  virtual Probe* probe() { return nullptr; }
  virtual Login* login() { return nullptr; }
  virtual Directory* directory() { return nullptr; }
};

// The key that seals what an account keeps in its folder: 32 bytes that the vault holds, made at the first call. It
// reads files, so it is called beside the loop.
using KeySource = std::function<Result<Secret>()>;
// Its name in the vault.
std::string folder_key_name(std::string_view channel, std::string_view account);

// One configured account, and what its channel may use.
struct ChannelServices {
  async::Executor executor;
  async::Scope& background;
  async::Time& time;
  Random& random;
  net::HttpClient& http;
  std::string account_id;    // "default" when the configuration names none
  std::string settings_json; // the account's settings, over those of its channel
  std::string folder;        // STATE/foreign/CHANNEL/ACCOUNT, made at first use by who needs it
  KeySource folder_key;
  // A secret of the settings by its key; empty when it is not there.
  std::function<Result<Secret>(std::string_view key)> secret;
};

// The login of a channel as OpenClaw keeps it: files of a folder, credentials/CHANNEL/ACCOUNT. `folder` is the
// account's own, as in ChannelServices.
struct LoginFolder {
  // What it is, for people. Kind::missing: there is none; Kind::conflict: the account has one here already.
  std::function<Result<std::string>(const std::string& files, const std::string& folder)> look;
  // Keeps it in the account's folder and takes the files away. One that the account has already stays instead.
  std::function<Result<>(const std::string& files, const std::string& folder, const KeySource& key)> take;
  // Writes the account's login as files, and says what it is; empty: there is none.
  std::function<Result<std::string>(const std::string& folder, const KeySource& key, const std::string& files)> write;
};

struct ChannelType {
  std::string id;        // "telegram"
  std::string label;     // "Telegram"
  std::string not_there; // what this build leaves for later, in words; empty: nothing
  std::vector<std::string>
      setup_keys; // settings that `channels add` asks for; those named *token*, *password*, *secret* hidden
  std::function<Result<std::unique_ptr<Channel>>(ChannelServices services)> make;
  std::optional<LoginFolder> login_folder; // nothing: OpenClaw has its login in the configuration
};

} // namespace openclaw::ports
