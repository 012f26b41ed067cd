// SPDX-License-Identifier: GPL-2.0
// report.cpp - writes what tombolo-objdump --explain shows, one line per fact:
// "F name where may|never frame-bytes why" and "S what a site saves".
#include "tombolo.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace tombolo
{
void writeReport(Program &P, StringRef File)
{
	std::error_code Error;
	raw_fd_ostream OS(File, Error, sys::fs::OF_Text);

	if (Error) {
		refuse(File, Error.message());
		return;
	}
	for (auto &[F, E] : P.Report) {
		OS << "F\t" << E.Name << "\t" << E.Where << "\t"
		   << (E.May ? "may" : "never") << "\t" << E.Frame << "\t"
		   << E.Why << "\n";
		for (std::string &S : E.Sites)
			OS << "S\t" << S << "\n";
	}
	OS << "T\t" << P.Polls << " points, " << P.Sites << " sites, "
	   << P.Saved << " saved values\n";
}
} // namespace tombolo
