// signal-cli hands each event over once and forgets it. So its stream is read by a process of its own, which outlives a
// gateway that dies and writes each event as a line of a file (STATE/foreign/signal/ACCOUNT/events). The gateway reads
// the file, and stores how far it has come together with what became of a line.
#pragma once
#include "async/file_watch.hpp"
#include "async/process.hpp"
#include "base/file_descriptor.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>

namespace openclaw::extensions::signal {

// The program inside this binary that reads the stream: NAME ROOT ACCOUNT ID, the file as descriptor 3, which it has
// locked (flock) as long as it lives.
inline constexpr const char* kEventsWorker = "signal-events-worker";
int run_events_worker(int argc, char** argv);

struct EventLine {
  enum class What {
    alive,      // the stream is, and says nothing
    event,      // `text` is its JSON
    unreadable, // an event that is larger than 4 MB
    refused,    // `text` is the HTTP status instead of a stream
  };
  What what = What::alive;
  std::string text;
  std::string checkpoint; // behind this line; to be stored with what it became
};

// The first line: whose the file is.
struct EventFileHead {
  std::string id; // of this file, for checkpoints
  std::string root;
  std::string account;
  int pid = 0; // of the process that writes
};
std::string head_line(const EventFileHead& head);
std::optional<EventFileHead> head_from(std::string_view line);
// A line without its end. Pure.
EventLine line_from(std::string_view line);
// Where to go on in the file `id`; nothing when the checkpoint is of another file.
std::optional<std::int64_t> offset_in(std::string_view checkpoint, std::string_view id);

class EventFile {
public:
  // `services` stay as long as this.
  EventFile(ports::ChannelServices& services, std::string root, std::string account)
      : services_(services), root_(std::move(root)), account_(std::move(account)) {}

  // Takes up what an earlier gateway left, its process too; else starts one.
  Task<> open(std::string checkpoint);
  // The next line; what the one before became is on disk. Nothing when signal-cli has ended the stream and all is read.
  Task<std::optional<EventLine>> next();
  // Ends the process, whoever started it.
  Task<> close();

private:
  std::string path() const { return services_.folder + "/events"; }
  Result<bool> take(std::string_view checkpoint); // the file that is there; false: there is none
  Result<> start();                               // a file and a process of its own
  Result<> watch();
  bool process_lives() const;
  Result<bool> read_more(); // false: there is no more for now
  void give_back();         // what is done with, to the disk

  ports::ChannelServices& services_;
  std::string root_;
  std::string account_;
  std::shared_ptr<async::Process> process_; // that we started
  FileDescriptor file_;
  std::optional<async::FileWatch> watch_;
  EventFileHead head_;
  bool left_over_ = false;    // nobody writes it any more: behind its end a new one begins
  std::string buffer_;        // what was read and not yet given
  std::int64_t offset_ = 0;   // of the buffer's begin, in the file
  std::int64_t returned_ = 0; // to the disk: what lies before
};

} // namespace openclaw::extensions::signal
