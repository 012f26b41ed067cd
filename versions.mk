# SPDX-License-Identifier: GPL-2.0
# versions.mk - every package that Tombolo builds from, what was tested, and
# its sha256. Make and the shell scripts both read this file: one NAME := value
# on a line, nothing else.
#
# A mirror keeps only the newest version of a package. When the tested one is
# gone, the build says so in a sentence and goes on with the newest of the same
# series.

# Where to look, best first; the addresses are those of the system's own apt
APT_SUITES := trixie bookworm bookworm-backports trixie-security bookworm-security
SOURCE_SUITES := trixie bookworm

# The kernel of all the kernels: a tar file inside of a package for "all"
LINUX_PACKAGE := linux-source-6.12
LINUX_SERIES := 6.12
LINUX_TESTED := 6.12.107-1
LINUX_SHA256 := 775b9ef84d7fa7927ccebfec33fbbe9aeb2482ebf9a92c771aafd33fb6e2ee27

# The boot loader of kernel 0: only the .orig tar file of the source package
UBOOT_PACKAGE := u-boot
UBOOT_TESTED := 2025.01
UBOOT_SHA256 := cdef7d507c93f1bbd9f015ea9bc21fa074268481405501945abc6f854d5b686f

# Only its plugin header, which no binary package ships, for make bench
QEMU_PACKAGE := qemu
QEMU_TESTED := 10.0.13+ds
QEMU_SHA256 := 6a0888e806c2ffc0c5f0733e974f9aea55491950d3c47c98669c8b236dde59ae

# The toolchain's C library, and programs that are built unmodified with it
MUSL_PACKAGE := musl
MUSL_TESTED := 1.2.5
MUSL_SHA256 := a9a118bbe84d8764da0ea0d28b3ab3fae8477fc7e4085d90102b8596fc7c75e4
ZLIB_PACKAGE := zlib
ZLIB_TESTED := 1.3.dfsg+really1.3.1
ZLIB_SHA256 := 60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb
BZIP2_PACKAGE := bzip2
BZIP2_TESTED := 1.0.8
BZIP2_SHA256 := ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269
LUA_PACKAGE := lua5.4
LUA_TESTED := 5.4.7
LUA_SHA256 := 9fbf5e28ef86c69858f6d3d34eccc32e911c1a28b4120ff3e84aaa70cfbf1e30
SQLITE_PACKAGE := sqlite3
SQLITE_TESTED := 3.46.1
SQLITE_SHA256 := d0cdd2ece271b29e7ce18095745d892517ee26d0f270065b3a25c2e9eb11639c
DASH_PACKAGE := dash
DASH_TESTED := 0.5.12
DASH_SHA256 := 6a474ac46e8b0b32916c4c60df694c82058d3297d8b385b74508030ca4a8f28a
CMARK_PACKAGE := cmark
CMARK_TESTED := 0.30.2
CMARK_SHA256 := 6c7d2bcaea1433d977d8fed0b55b71c9d045a7cdf616e3cd2dce9007da753db3

# arm64 packages from which the root file systems are put together; apt checks
# their signatures. Out of the first the other kernels' small one is picked, as
# listed in boot/rootfs/member.files; kernel 0 has all files of all of them, but
# for packages that are needed only by what is never used: graphics drivers.
MEMBER_PACKAGES := busybox-static dropbear-bin iperf3 libgcc-s1
DISK_PACKAGES := base-files bash bc bsdextrautils coreutils criu dash diffutils findutils gdb grep gzip hostname kmod libpython3.13-testsuite mawk mount ncurses-base ncurses-bin nfs-common nfs-kernel-server numactl openssh-client openssl procps psmisc python3 sed sqlite3 strace stress-ng tar time trace-cmd util-linux
DISK_WITHOUT := libllvm19 libz3-4 mesa-libgallium libgl1-mesa-dri debconf perl-base

# What the CPUs of riscv64 kernels run before Linux
FIRMWARE_PACKAGES := opensbi

# The second non-secure UART of QEMU's virt machine came with this version
QEMU_MIN := 9.1

# Host packages: to build and run a board; and for make test, bench, shell, image
DEPS_RUN := bc bison bzip2 cpio device-tree-compiler dosfstools e2fsprogs fakeroot flex gcc gcc-aarch64-linux-gnu genimage kmod libc6-dev libc6-dev-arm64-cross libssl-dev make mtools patch perl python3 python3-libfdt python3-pexpect qemu-system-arm xz-utils
# For a board with riscv64 kernels; QEMU from where the other one is
DEPS_RISCV64 := gcc-riscv64-linux-gnu libc6-dev-riscv64-cross qemu-system-riscv
# For boards that are not coherent: their plugin for QEMU
DEPS_NC := libglib2.0-dev pkg-config
DEPS_TEST := clang clang-format git shellcheck sparse yamllint
# Debian 13 does not have it: the tests that need it are skipped there
DEPS_TEST_12 := dt-schema
DEPS_BENCH := g++ libatomic-queue-dev libboost-dev libck-dev libdpdk-dev libglib2.0-dev libreaderwriterqueue-dev liburcu-dev pkg-config
DEPS_TOOLCHAIN := clang-19 cmake csmith libcsmith-dev gcc-aarch64-linux-gnu gcc-riscv64-linux-gnu libclang-rt-19-dev libelf-dev libmd-dev lld-19 llvm-19 llvm-19-dev llvm-19-tools musl-dev qemu-user-static tcl valgrind
DEPS_SHELL := socat tmux
DEPS_IMAGE := bmap-tools
