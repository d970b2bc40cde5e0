/*
 * block_scan.h
 *		A node of a plan that scores the rows of a scan in blocks (fraud_detect.block_scan).
 *
 * block_plan.c puts it above a scan whose rows are all scored; block_scan.c runs it.
 * Its rows are those of the scan with the scores behind them:
 *
 *	 custom_plans       the scan
 *	 custom_scan_tlist  the scan's columns, then the calls
 *	 custom_private     (calls: list of FuncExpr, number of the scan's columns that are
 *						needed above: Integer)
 */
#ifndef FRAUD_DETECT_BLOCK_SCAN_H
#define FRAUD_DETECT_BLOCK_SCAN_H

#include "nodes/extensible.h"

extern const CustomScanMethods block_scan_methods;

extern void block_scan_define(void); /* these two: _PG_init only */
extern void block_plan_define(void);

#endif
