// The names for people in a slot's record: written by the table, read by texts_of().
#pragma once

#include <string_view>

#include "proxy/live/layout.h"

namespace sluice::live {

// Cuts what is too long, as slots.h says. The record's state is free.
void write_texts(SlotRecord& record, std::string_view first, std::string_view second);

}  // namespace sluice::live
