"""Has a distribution changed more than its sample size explains?"""
