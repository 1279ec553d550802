// Whole buffers to a descriptor: files and memfds, which never say "again".
#pragma once

#include <cstddef>
#include <span>

namespace sluice::table {

// False: errno says why.
bool write_all(int fd, std::span<const std::byte> bytes);

}  // namespace sluice::table
