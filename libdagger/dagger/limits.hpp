// Every bound of the engine, in one place, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace dagger::limits {

/// Ids of jobs: an LMDB key ends at 511 bytes and holds more than the id.
inline constexpr std::size_t id_bytes = 128;
/// Names of tasks, agents and flows' nodes: they stand in every report.
inline constexpr std::size_t name_bytes = 128;
/// Names of channels: a key holds one and a position.
inline constexpr std::size_t channel_bytes = 255;
/// One message with all that belongs to it; it stands in one row.
inline constexpr std::size_t message_bytes = 1 << 20;
/// Messages of one channel that are on their way to the disk, and what they hold; beyond that
/// publishers wait.
inline constexpr std::size_t publishes_in_flight = 4'096;
inline constexpr std::size_t publish_bytes_in_flight = 16 << 20;
/// Messages that a channel keeps when it does not say; how long it knows their ids.
inline constexpr std::uint64_t channel_bytes_kept = std::uint64_t{1} << 30;
inline constexpr std::chrono::minutes dedup_window{2};
/// A delivery is taken back after this, and given up after so many, when the group does not say.
inline constexpr std::chrono::seconds ack_wait{30};
inline constexpr std::uint32_t max_deliver = 5;
/// A group that has no member for so long is forgotten.
inline constexpr std::chrono::hours group_ttl{24 * 30};
/// Pauses that a group lists.
inline constexpr std::size_t backoff_steps = 32;
/// Messages that one member of a group has at the same time when it does not say, and at most.
inline constexpr std::uint32_t deliveries_in_flight = 64;
inline constexpr std::uint32_t max_deliveries_in_flight = 65'536;
/// How far a group looks past its oldest unanswered message: what it has answered there is in
/// memory.
inline constexpr std::uint64_t group_window = 65'536;
/// Messages of a channel with readers that stay in memory for them.
inline constexpr std::size_t tail_messages = 4'096;
inline constexpr std::size_t tail_bytes = 4 << 20;
/// Points in time at which messages of a channel came that are remembered.
inline constexpr std::size_t arrivals = 1'024;
/// Channels that are kept in memory though nobody reads them.
inline constexpr std::size_t idle_channels = 1'024;
/// Rows between two counts of what a channel holds; a start reads no more than so many of each.
inline constexpr std::uint64_t rows_per_count = 4'096;
/// Why a message could not be delivered, in its row.
inline constexpr std::size_t reason_bytes = 256;
/// Payloads up to this stand inside the row of their owner.
inline constexpr std::size_t inline_payload_bytes = 128;
/// Larger payloads are cut into rows of this size.
inline constexpr std::size_t payload_chunk_bytes = 1 << 20;
/// One input, output or state; it passes through memory in one piece.
inline constexpr std::size_t payload_bytes = 64 << 20;
/// JSON and YAML nesting: deeper text is refused before it can exhaust a stack.
inline constexpr std::size_t nesting = 128;
/// A flow or job file.
inline constexpr std::size_t file_bytes = 64 << 20;
/// Values in such a file; each takes some 100 bytes of memory.
inline constexpr std::size_t file_nodes = 16 << 20;
/// Values, and bytes of text, that the aliases of a YAML file repeat: a bomb stops here.
inline constexpr std::size_t alias_nodes = 1 << 20;
inline constexpr std::size_t alias_bytes = 64 << 20;
/// Text that the YAML scanner may take in before it gives out a value: it holds all tokens of
/// a flow collection that could turn out to be a key, at some 200 bytes each.
inline constexpr std::size_t yaml_lookahead_bytes = 2 << 20;
/// Problems that one check reports; the reader has enough to do.
inline constexpr std::size_t problems = 1'000;
/// Tasks of one job: numbers are 32 bit, memory holds an active job whole.
inline constexpr std::uint32_t tasks_per_job = 4'000'000;
/// Ancestors of a task.
inline constexpr std::uint32_t task_depth = 1'000;
/// Kinds of resources that one task, job or pool names.
inline constexpr std::size_t resources = 64;
/// Tasks whose specs share one row.
inline constexpr std::size_t specs_per_row = 256;
/// Messages of errors that are recorded: stack traces of agents can be endless.
inline constexpr std::size_t error_bytes = 4'096;
/// Summaries are for reading.
inline constexpr std::size_t summary_bytes = 1'024;
/// One signal's value: it stands in one row.
inline constexpr std::size_t signal_bytes = 1 << 20;
/// The schema that a wait gives its signal; it stands in the task's row.
inline constexpr std::size_t signal_schema_bytes = 16 << 10;
/// Signals that wait for a task of their job.
inline constexpr std::size_t signals_per_job = 10'000;
/// And what they may hold: a job in memory has all of them.
inline constexpr std::size_t queued_signal_bytes = 64 << 20;
/// The result of one step; it stands in one row.
inline constexpr std::size_t step_bytes = 1 << 20;
/// One chunk of a stream, and chunks of one attempt on their way to the disk.
inline constexpr std::size_t chunk_bytes = 1 << 20;
inline constexpr std::size_t chunk_bytes_in_flight = 4 << 20;
/// Jobs that submit jobs, one below the other.
inline constexpr std::uint32_t job_depth = 100;
/// Rows of purged jobs that one event erases.
inline constexpr std::size_t rows_per_sweep = 4'096;
/// An output that is kept for equal calls; it stands in one row.
inline constexpr std::size_t result_bytes = 1 << 20;
/// A result that is kept "as long as it is up to date" is forgotten when nobody has asked for it
/// for so long: nodes that there are not any more leave no rows for ever.
inline constexpr std::chrono::hours result_age{24 * 90};
/// Rows of results that are looked at, for each that is written, whether their time is over.
inline constexpr std::size_t results_per_look = 16;
/// Finished jobs are kept so long.
inline constexpr std::chrono::hours retention{24 * 30};
/// Submits that were sent and are not on disk yet.
inline constexpr std::size_t submits_in_flight = 4'096;
inline constexpr std::size_t submit_bytes_in_flight = 64 << 20;
/// Other processes that talk to an engine at the same time; what one of them may say in one line,
/// which may hold a definition; how long one that does not read what it asked for is waited for.
inline constexpr std::size_t control_connections = 64;
inline constexpr std::size_t control_line_bytes = 64 << 20;
/// Lines longer than this are for one of them at a time.
inline constexpr std::size_t control_short_line_bytes = 1 << 20;
inline constexpr std::chrono::seconds control_patience{10};
/// Timers held in memory; the rest are rows.
inline constexpr std::size_t timers_in_memory = 1'024;
/// One commit of the keeper: beyond this it starts the next transaction.
inline constexpr std::size_t commit_bytes = 32 << 20;
/// Threads per agent that outlived a time-out and could not be stopped.
inline constexpr std::size_t abandoned_threads = 8;
/// Slots of an agent when it does not say.
inline constexpr std::uint32_t blocking_slots = 1;
inline constexpr std::uint32_t cooperative_slots = 256;
inline constexpr std::uint32_t max_slots = 4'096;
/// Interruptions in a row after which a task fails; from the third start on it
/// runs alone.
inline constexpr std::uint32_t interruptions = 10;
inline constexpr std::uint32_t interruptions_before_alone = 2;
/// Durations that users give: longer ones are cut, so that no sum of times overflows.
inline constexpr std::chrono::hours longest{24 * 36'525};
/// How long a stopped function may go on before its thread is given up.
inline constexpr std::chrono::milliseconds grace{5'000};
/// Address space that a store reserves; it never grows while open.
inline constexpr std::size_t store_map_bytes = std::size_t{256} << 30;
/// Free space of the disk below which new work is refused.
inline constexpr std::size_t min_free_bytes = 64 << 20;
/// Readers of one store at the same time, over all processes.
inline constexpr unsigned store_readers = 8'192;
/// Of these, what the agents and queries of one engine may have; the others are for the planner,
/// which cannot go on without, and for other processes.
inline constexpr unsigned views = 7'168;
static_assert(views > max_slots && views < store_readers);
/// Violations that one check lists; the rest are only counted.
inline constexpr std::size_t violations = 100;
/// Schemas that one value passes through by `allOf`, `anyOf`, `if` and the like, one inside the
/// other: with `nesting` this bounds the stack of a check.
inline constexpr std::size_t schema_chain = 16;
/// One regular expression of a schema, and what it may take compiled, with its caches.
inline constexpr std::size_t pattern_bytes = 64 << 10;
inline constexpr std::int64_t pattern_memory_bytes = 8 << 20;
/// One evaluation of Lua: instructions, and the bytes of its values.
inline constexpr std::int64_t script_instructions = 1'000'000;
inline constexpr std::size_t script_memory_bytes = 16 << 20;
/// The text of one Lua program; larger ones are programs of their own.
inline constexpr std::size_t script_text_bytes = 1 << 20;
/// Compiled Lua programs that one thread keeps.
inline constexpr std::size_t scripts_per_thread = 1'024;
/// Values that one call in Lua passes on: a call copies them without being counted for each.
inline constexpr int script_values = 4'096;
/// What a command may write to its standard output, and to its standard error: it stands in
/// memory and then in the task's output.
inline constexpr std::size_t command_output_bytes = 16 << 20;
/// The body of a server's answer, for the same reason, and the names that one pattern may match.
inline constexpr std::size_t http_body_bytes = 16 << 20;
inline constexpr std::size_t glob_matches = 100'000;

} // namespace dagger::limits
