// What a program does when LMDB stumbles over pages so damaged that it cannot go on.
#pragma once

namespace dagger::store {

/// Sets what ends the process then, in the thread that stumbles and after stderr says which store
/// it is and what to do. It must not return. Null, the default: the process aborts.
void on_damaged_pages(void (*end)());

} // namespace dagger::store
