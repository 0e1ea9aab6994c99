// The lock file: two kinds of lock on one descriptor, and a line that says who.
#include <dagger/store/lock.hpp>

#include <dagger/store/store.hpp>

#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace dagger::store {

namespace {

/// The whole file, for the locks of open file descriptions.
struct flock whole(short type) {
  struct flock x {};
  x.l_type = type;
  x.l_whence = SEEK_SET;
  return x;
}

/// "process 4711 (dagger run)", from the line "4711 dagger run".
std::string written_in(int fd) {
  char buffer[512];
  auto size = ::pread(fd, buffer, sizeof buffer, 0);
  auto line = std::string_view{buffer, size > 0 ? static_cast<std::size_t>(size) : 0};
  line = line.substr(0, line.find('\n'));
  auto space = line.find(' ');
  auto pid = 0;
  auto [end, failed] = std::from_chars(line.data(), line.data() + line.size(), pid);
  if (failed != std::errc{} || pid <= 0)
    return "another process";
  auto text = "process " + std::to_string(pid);
  if (space != line.npos)
    text += " (" + std::string{line.substr(space + 1)} + ")";
  return text;
}

/// For the error of the next one; the lock holds without it, even on a full disk.
void write_line(int fd, std::string_view holder) {
  auto line = std::to_string(::getpid()) + " ";
  for (auto c : holder.substr(0, 200))
    line.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  line.push_back('\n');
  // Written first, cut then: a reader never finds it empty.
  auto size = static_cast<ssize_t>(line.size());
  if (::pwrite(fd, line.data(), line.size(), 0) == size && ::ftruncate(fd, size) == 0)
    return;
}

} // namespace

error in_use(const std::filesystem::path& directory, const std::string& by) {
  auto name = directory.has_filename() ? directory.filename() : directory.parent_path().filename();
  return {code::store_in_use, "store " + name.string() + " is in use by " + by, directory,
          "wait for it to end, stop it, or name another store"};
}

result<store_lock> store_lock::acquire(const std::filesystem::path& directory,
                                       std::string_view holder) {
  auto path = directory / "lock";
  auto file = open_file(path, O_RDWR | O_CREAT);
  if (!file)
    return fail(std::move(file.error()));
  while (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR)
      continue;
    if (errno == EWOULDBLOCK)
      return fail(in_use(directory, written_in(file->get())));
    return fail(disk_error(errno, "cannot lock it", path));
  }
  auto mark = whole(F_WRLCK);
  if (::fcntl(file->get(), F_OFD_SETLK, &mark) != 0)
    return fail(disk_error(errno, "cannot lock it", path));
  write_line(file->get(), holder);
  return store_lock{std::move(*file)};
}

std::optional<std::string> holder_of(const std::filesystem::path& directory) {
  auto file = open_file(directory / "lock", O_RDONLY);
  if (!file)
    return std::nullopt;
  auto mark = whole(F_RDLCK);
  if (::fcntl(file->get(), F_OFD_GETLK, &mark) != 0 || mark.l_type == F_UNLCK)
    return std::nullopt;
  return written_in(file->get());
}

} // namespace dagger::store
