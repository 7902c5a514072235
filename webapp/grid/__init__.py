"""The orders grid: what is asked for, the page that answers it, how many there are, what each person keeps."""
