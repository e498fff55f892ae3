# shellcheck shell=bash
# The template function uniqueString(), which is part of the globally unique names.
#
# Microsoft does not document it. It is MurmurHash3 with two words of 32 bits, written with 32
# letters and digits. Others found that out; the tests include their published pairs.

# mix WORD FACTOR BITS FACTOR: multiply, rotate and multiply, into MIXED.
mix() {
    local word=$(($1 * $2 & 0xffffffff))
    word=$(((word << $3 | word >> (32 - $3)) & 0xffffffff))
    MIXED=$((word * $4 & 0xffffffff))
}

# stir HASH BITS ADDED CONSTANT: into STIRRED.
stir() {
    local hash=$((($1 << $2 | $1 >> (32 - $2)) & 0xffffffff))
    STIRRED=$(((hash + $3) * 5 + $4 & 0xffffffff))
}

# settle HASH: into SETTLED.
settle() {
    local hash=$((($1 ^ $1 >> 16) * 0x85ebca6b & 0xffffffff))
    hash=$(((hash ^ hash >> 13) * 0xc2b2ae35 & 0xffffffff))
    SETTLED=$((hash ^ hash >> 16))
}

# word OFFSET: four bytes, the lowest first, into WORD. Bytes after the end are 0.
word() {
    WORD=$((${bytes[$1]:-0} | ${bytes[$1 + 1]:-0} << 8 | ${bytes[$1 + 2]:-0} << 16 | ${bytes[$1 + 3]:-0} << 24))
}

# unique_string TEXT...: print the 13 letters and digits that the template function returns.
unique_string() {
    local IFS=- bytes low=0 high=0 at=0 length hash text=''
    local a=0x239b961b b=0xab0e9789 letters=abcdefghijklmnopqrstuvwxyz234567
    IFS=$' \n' read -r -d '' -a bytes < <(printf '%s' "$*" | od -An -v -tu1) || true
    length=${#bytes[@]}
    for ((; at < length; at += 8)); do
        word "$at" && mix "$WORD" $a 15 $b && low=$((low ^ MIXED))
        # The last bytes are only mixed in.
        if ((at + 8 <= length)); then stir $low 19 $high 0x561ccd1b && low=$STIRRED; fi
        word $((at + 4)) && mix "$WORD" $b 17 $a && high=$((high ^ MIXED))
        if ((at + 8 <= length)); then stir $high 13 $low 0x0bcaa747 && high=$STIRRED; fi
    done
    high=$((high ^ length)) && low=$(((low ^ length) + high & 0xffffffff)) && high=$((high + low & 0xffffffff))
    settle $low && low=$SETTLED
    settle $high && high=$SETTLED
    low=$((low + high & 0xffffffff)) && high=$((high + low & 0xffffffff))
    hash=$((high << 32 | low))
    for ((at = 0; at < 13; at++)); do
        text+=${letters:$((hash >> 59 & 31)):1}
        hash=$((hash << 5))
    done
    echo "$text"
}
