// Asio's compiled parts, once for the whole program.
#include <boost/asio/impl/src.hpp>
