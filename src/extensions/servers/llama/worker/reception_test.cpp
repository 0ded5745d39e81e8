#include "extensions/servers/llama/worker/reception.hpp"

#include "base/file_descriptor.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace openclaw::llama_worker {
namespace {

class ReceptionTest : public ::testing::Test {
protected:
  void SetUp() override {
    listener_ = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
    ASSERT_EQ(listen(listener_.get(), 128), 0);
    socklen_t length = sizeof address_;
    ASSERT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_), &length), 0);
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    parent_ = FileDescriptor(ends[0]);
    held_ = FileDescriptor(ends[1]);
    thread_ = std::thread([this] {
      Reception reception(
          listener_.get(), parent_.get(),
          [](const HttpHead& head) -> std::optional<ApiError> {
            if (head.authorization == "Bearer right") return std::nullopt;
            return ApiError{401, "no"};
          },
          [](Connection connection, const Request& request) {
            connection.write_at_once(json_response(200, "\"" + request.body + "\""));
          });
      reception.run();
    });
  }
  void TearDown() override {
    held_.reset();
    thread_.join();
  }
  FileDescriptor client(std::string_view sent) const {
    FileDescriptor descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval longest{20, 0};
    setsockopt(descriptor.get(), SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    EXPECT_EQ(connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_), 0);
    EXPECT_EQ(send(descriptor.get(), sent.data(), sent.size(), MSG_NOSIGNAL), static_cast<ssize_t>(sent.size()));
    return descriptor;
  }
  static std::string answer(const FileDescriptor& from) {
    std::string text;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = recv(from.get(), buffer.data(), buffer.size(), 0)) > 0)
      text.append(buffer.data(), static_cast<std::size_t>(count));
    return text;
  }

  sockaddr_in address_{};
  FileDescriptor listener_;
  FileDescriptor parent_;
  FileDescriptor held_;
  std::thread thread_;
};

TEST_F(ReceptionTest, ASlowClientHoldsUpNobody) {
  const auto silent = client("");
  const auto half_head = client("GET /health HT");
  const auto half_body = client("POST / HTTP/1.1\r\nAuthorization: Bearer right\r\nContent-Length: 4\r\n\r\nab");
  const auto quick = client("GET / HTTP/1.1\r\nAuthorization: Bearer right\r\n\r\n");
  EXPECT_TRUE(answer(quick).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(send(half_body.get(), "cd", 2, MSG_NOSIGNAL), 2);
  EXPECT_TRUE(answer(half_body).ends_with("\"abcd\""));
}

TEST_F(ReceptionTest, RefusesAWrongKeyBeforeTheBodyComes) {
  const auto stranger = client("POST / HTTP/1.1\r\nAuthorization: Bearer wrong\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_TRUE(answer(stranger).starts_with("HTTP/1.1 401 "));
  const auto without = client("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(answer(without).starts_with("HTTP/1.1 401 "));
}

TEST_F(ReceptionTest, DropsTheOldestOfTooManySlowClients) {
  std::vector<FileDescriptor> slow;
  for (std::size_t i = 0; i <= Reception::kMaxReading; ++i)
    slow.push_back(client("GET"));
  EXPECT_EQ(answer(slow.front()), "");
  const auto quick = client("GET / HTTP/1.1\r\nAuthorization: Bearer right\r\n\r\n");
  EXPECT_TRUE(answer(quick).starts_with("HTTP/1.1 200 "));
}

} // namespace
} // namespace openclaw::llama_worker
