// The list of a level that scores groups of rows of 2-byte numbers: included where `group` is
// defined, with its PK_BODY.

PK_BODY void list_of(const pk_list *list, const pk_half_query *query, float *out, int is_row,
                     int format, int squared) {
    const uint8_t *row[pk_group], *next[pk_group];
    float sums[pk_group];
    size_t at = 0;
    for (; at + pk_group <= list->count; at += pk_group) {
        for (size_t r = 0; r < pk_group; r++) {
            row[r] = pk_row(list, at + r);
            next[r] = at + pk_group + r < list->count ? pk_row(list, at + pk_group + r) : row[r];
        }
        group(query->query, list->dimensions, row, next, pk_group, is_row, format, squared, sums);
        for (size_t r = 0; r < pk_group; r++)
            out[at + r] = query->offset + query->scale * sums[r];
    }
    for (; at < list->count; at++) {
        row[0] = pk_row(list, at);
        next[0] = at + 1 < list->count ? pk_row(list, at + 1) : row[0];
        group(query->query, list->dimensions, row, next, 1, is_row, format, squared, sums);
        out[at] = query->offset + query->scale * sums[0];
    }
}

PK_BODY void list_in(const pk_list *list, const pk_half_query *query, float *out, int format) {
    if (query->is_row)
        query->is_squared ? list_of(list, query, out, 1, format, 1)
                          : list_of(list, query, out, 1, format, 0);
    else
        query->is_squared ? list_of(list, query, out, 0, format, 1)
                          : list_of(list, query, out, 0, format, 0);
}

PK_BODY void half_list(const pk_list *list, const pk_half_query *query, float *out) {
    switch (query->format) {
    case pk_half_bfloat16: list_in(list, query, out, pk_half_bfloat16); break;
    case pk_half_integer16: list_in(list, query, out, pk_half_integer16); break;
    default: list_in(list, query, out, pk_half_binary16);
    }
}
