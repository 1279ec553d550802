// Verdicts as text: one line per object and one per finding for people, JSON for programs. The same
// bytes for the same verdicts, whoever prints them (sluicectl, the admin socket).
#pragma once

#include <span>
#include <string>

#include "controller/compile/verdict.h"

namespace sluice::compile {

// "Ingress demo/web: accepted" and indented findings; ends with a line end.
std::string to_text(const Verdict& verdict);
std::string to_text(std::span<const Verdict> verdicts);

// One object, or a list of them, indented; ends with a line end.
std::string to_json(const Verdict& verdict);
std::string to_json(std::span<const Verdict> verdicts);

// Whether there is something that its author should act on: a refusal, or a reference that leads
// nowhere.
bool has_refusals(const Verdict& verdict);

}  // namespace sluice::compile
