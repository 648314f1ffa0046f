#pragma once
#include <cblas.h>
#include <stddef.h>

// Selected eigenpairs of a symmetric matrix: LAPACK's, which OpenBLAS carries. Fortran's calling
// convention: everything by address, and the lengths of the strings at the end.
void ssyevr_(const char *jobz, const char *range, const char *uplo, const int *n, float *a,
             const int *lda, const float *vl, const float *vu, const int *il, const int *iu,
             const float *abstol, int *m, float *w, float *z, const int *ldz, int *isuppz,
             float *work, const int *lwork, int *iwork, const int *liwork, int *info,
             size_t jobz_length, size_t range_length, size_t uplo_length);

// Factor and inverse of a symmetric positive definite matrix.
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info,
             size_t uplo_length);
void spotri_(const char *uplo, const int *n, float *a, const int *lda, int *info,
             size_t uplo_length);
