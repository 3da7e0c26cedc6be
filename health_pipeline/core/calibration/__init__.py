"""Churn labels and the backtest: does the score know who leaves?"""
