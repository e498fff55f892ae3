/* Lets user-mode-linux 6.1 run on a processor with AMX, whose registers it does not support.
 *
 * It reads and writes the first 2696 bytes of a process's extended registers. Since Linux 5.14 the
 * kernel accepts only all of them, and AMX adds more: EFAULT, and init dies. This preloaded library
 * reads and writes all registers, and shows user-mode-linux its part.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define WHOLE (64 * 1024)

static unsigned char whole[WHOLE] __attribute__((aligned(64)));

static long read_whole(pid_t pid, struct iovec *all)
{
    all->iov_base = whole;
    all->iov_len = WHOLE;
    return syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, all);
}

long ptrace(enum __ptrace_request request, ...)
{
    va_list rest;
    va_start(rest, request);
    pid_t pid = va_arg(rest, pid_t);
    void *address = va_arg(rest, void *);
    void *data = va_arg(rest, void *);
    va_end(rest);

    int reads = request == PTRACE_GETREGSET, writes = request == PTRACE_SETREGSET;
    if ((!reads && !writes) || (unsigned long) address != NT_X86_XSTATE) {
        long peeked = 0;
        int peeks = request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER;
        long answer = syscall(SYS_ptrace, request, pid, address, peeks ? &peeked : data);
        return peeks && answer == 0 ? peeked : answer;
    }
    struct iovec *part = data, all;
    long answer = read_whole(pid, &all);
    if (answer != 0)
        return answer;
    if (part->iov_len > all.iov_len)
        part->iov_len = all.iov_len;
    if (reads) {
        memcpy(part->iov_base, whole, part->iov_len);
        return 0;
    }
    memcpy(whole, part->iov_base, part->iov_len);
    return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}
