#pragma once

#include <stddef.h>
#include <stdint.h>

// Whether this processor has an instruction for CRC-32C.
int checksum_is_accelerated(void);

// Continues a CRC-32C over bytes with that instruction; only where checksum_is_accelerated() says so.
uint32_t checksum_continue(uint32_t crc, const void *bytes, size_t count);
