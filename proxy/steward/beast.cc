// The one place where the proxy compiles Beast and Asio: everybody else only declares them.
#include <utility>

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
