def check_board(board, problems):
    pass
