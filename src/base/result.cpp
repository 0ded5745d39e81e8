#include "base/result.hpp"

namespace openclaw {

std::string_view kind_name(Kind kind) {
  switch (kind) {
  case Kind::invalid:
    return "invalid";
  case Kind::denied:
    return "denied";
  case Kind::missing:
    return "missing";
  case Kind::conflict:
    return "conflict";
  case Kind::busy:
    return "busy";
  case Kind::transient:
    return "transient";
  case Kind::timeout:
    return "timeout";
  case Kind::cancelled:
    return "cancelled";
  case Kind::remote:
    return "remote";
  case Kind::bug:
    return "bug";
  }
  return "bug";
}

std::string Error::text() const {
  if (hint.empty()) return message;
  return message + " " + hint;
}

int exit_status(Kind kind) {
  switch (kind) {
  case Kind::invalid:
    return 2;
  case Kind::denied:
    return 3;
  case Kind::missing:
    return 4;
  case Kind::conflict:
    return 5;
  case Kind::busy:
  case Kind::transient:
  case Kind::timeout:
    return 75; // EX_TEMPFAIL of sysexits.h: a script may try again
  case Kind::cancelled:
    return 130;
  case Kind::remote:
    return 69; // EX_UNAVAILABLE
  case Kind::bug:
    return 70; // EX_SOFTWARE
  }
  return 70;
}

int http_status(Kind kind) {
  switch (kind) {
  case Kind::invalid:
    return 400;
  case Kind::denied:
    return 403;
  case Kind::missing:
    return 404;
  case Kind::conflict:
    return 409;
  case Kind::busy:
    return 429;
  case Kind::transient:
    return 503;
  case Kind::timeout:
    return 504;
  case Kind::cancelled:
    return 499;
  case Kind::remote:
    return 502;
  case Kind::bug:
    return 500;
  }
  return 500;
}

} // namespace openclaw
